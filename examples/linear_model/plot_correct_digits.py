"""
How many digits are right?
==========================

Least squares on two public test problems of NIST: of the digits that a solver prints
for its coefficients, how many are right?

*Longley* (1967) has six economic series that rise together; *Filip* is a polynomial of
degree ten. Both have a condition number at which double precision leaves few digits,
and the second leaves some solvers none. Here the exact solution is computed in 150
digits, for exactly the doubles the solvers get.
"""

# %%
# The data, as NIST publishes them.

from decimal import Decimal, localcontext

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression, Ridge

from skspace.linear_model import PreconditionedRegression

longley = np.fromstring(
    """
83 234289 2356 1590 107608 1947 60323
88.5 259426 2325 1456 108632 1948 61122
88.2 258054 3682 1616 109773 1949 60171
89.5 284599 3351 1650 110929 1950 61187
96.2 328975 2099 3099 112075 1951 63221
98.1 346999 1932 3594 113270 1952 63639
99 365385 1870 3547 115094 1953 64989
100 363112 3578 3350 116219 1954 63761
101.2 397469 2904 3048 117388 1955 66019
104.6 419180 2822 2857 118734 1956 67857
108.4 442769 2936 2798 120445 1957 68169
110.8 444546 4681 2637 121950 1958 66513
112.6 482704 3813 2552 123366 1959 68655
114.2 502601 3931 2514 125368 1960 69564
115.7 518173 4806 2572 127852 1961 69331
116.9 554894 4007 2827 130081 1962 70551
""",
    sep=" ",
).reshape(16, 7)

filip_x = np.fromstring(
    """
-6.860120914 -4.324130045 -4.358625055 -4.358426747 -6.955852379 -6.661145254
-6.355462942 -6.118102026 -7.115148017 -6.815308569 -6.519993057 -6.204119983
-5.853871964 -6.109523091 -5.79832982 -5.482672118 -5.171791386 -4.851705903
-4.517126416 -4.143573228 -3.709075441 -3.499489089 -6.300769497 -5.953504836
-5.642065153 -5.031376979 -4.680685696 -4.329846955 -3.928486195 -8.56735134
-8.363211311 -8.107682739 -7.823908741 -7.522878745 -7.218819279 -6.920818754
-6.628932138 -6.323946875 -5.991399828 -8.781464495 -8.663140179 -8.473531488
-8.247337057 -7.971428747 -7.676129393 -7.352812702 -7.072065318 -6.774174009
-6.478861916 -6.159517513 -6.835647144 -6.53165267 -6.224098421 -5.910094889
-5.598599459 -5.290645224 -4.974284616 -4.64454848 -4.290560426 -3.885055584
-3.408378962 -3.13200249 -8.726767166 -8.66695597 -8.511026475 -8.165388579
-7.886056648 -7.588043762 -7.283412422 -6.995678626 -6.691862621 -6.392544977
-6.067374056 -6.684029655 -6.378719832 -6.065855188 -5.752272167 -5.132414673
-4.811352704 -4.098269308 -3.66174277 -3.2644011
""",
    sep=" ",
)
filip_y = np.fromstring(
    """
0.8116 0.9072 0.9052 0.9039 0.8053 0.8377 0.8667 0.8809 0.7975 0.8162 0.8515 0.8766
0.8885 0.8859 0.8959 0.8913 0.8959 0.8971 0.9021 0.909 0.9139 0.9199 0.8692 0.8872
0.89 0.891 0.8977 0.9035 0.9078 0.7675 0.7705 0.7713 0.7736 0.7775 0.7841 0.7971
0.8329 0.8641 0.8804 0.7668 0.7633 0.7678 0.7697 0.77 0.7749 0.7796 0.7897 0.8131
0.8498 0.8741 0.8061 0.846 0.8751 0.8856 0.8919 0.8934 0.894 0.8957 0.9047 0.9129
0.9209 0.9219 0.7739 0.7681 0.7665 0.7703 0.7702 0.7761 0.7809 0.7961 0.8253 0.8602
0.8809 0.8301 0.8664 0.8834 0.8898 0.8964 0.8963 0.9074 0.9119 0.9228
""",
    sep=" ",
)

problems = {
    "Longley": (longley[:, :-1], longley[:, -1]),
    "Filip": (np.vander(filip_x, 11, increasing=True)[:, 1:], filip_y),
}

# %%
# The truth: normal equations and Gaussian elimination in decimal numbers of 150 digits.


def exact(X, y):
    with localcontext() as context:
        context.prec = 150
        table = np.vectorize(Decimal, otypes=[object])(np.column_stack([X, y]))
        G = X.shape[1]
        A = table[:, :G].T @ table
        for i in range(G):
            A[i] = A[i] / A[i, i]
            for k in range(G):
                if k != i:
                    A[k] = A[k] - A[k, i] * A[i]
        return A[:, -1].astype(float)


def correct_digits(coef, truth):  # of 15, which every double has
    with np.errstate(divide="ignore"):
        return np.clip(np.min(-np.log10(np.abs(coef / truth - 1))), 0, 15)


# %%
# Every solver fits the constant itself, where it can.

solvers = {
    "Ridge(1e-12)": Ridge(1e-12),
    "LinearRegression": LinearRegression(),
    "np.linalg.lstsq": None,
    "one QR in doubles": PreconditionedRegression(refine=False),
    "PreconditionedRegression": PreconditionedRegression(),
}
fig, axes = plt.subplots(1, 2, figsize=(8, 2.6), sharey=True, layout="constrained")
for ax, (name, (X, y)) in zip(axes, problems.items(), strict=True):
    A = np.column_stack([np.ones(len(X)), X])
    truth = exact(A, y)
    digits = []
    for solver in solvers.values():
        if solver is None:
            coef = np.linalg.lstsq(A, y)[0]
        else:
            model = solver.fit(X, y)
            coef = np.r_[model.intercept_, model.coef_]
        digits.append(correct_digits(coef, truth))
    bars = ax.barh(list(solvers), digits, color=["C7"] * 4 + ["C0"])
    ax.bar_label(bars, fmt="%.1f", padding=2)
    ax.set(title=f"{name}, condition {np.linalg.cond(A):.0e}", xlim=(0, 19))
    ax.set_xlabel("correct digits of the worst coefficient")

# %%
# On Filip, LinearRegression and lstsq have none: they take the smallest singular value
# for zero and solve another problem. Columns scaled by powers of two make up for most
# of the condition number; residuals in twice the digits and a few passes for the rest.
#
# The fit knows what it did, and which columns make the problem hard.

model = PreconditionedRegression().fit(*problems["Longley"])
report = model.conditioning_
print(f"condition number {report.condition_number:.1e}")
print(f"         at unit length {report.condition_number_scaled:.1e}")
print(f"digits a plain QR is sure of {report.expected_digits_unrefined:.1f}")
print(f"digits here {report.expected_digits:.1f} after {report.n_refinements} passes")
print("nearly zero combination of", report.weak_directions[0].features)

# %%
# x5 is the year, which hardly varies beside its own size: with the constant it makes
# the weakest direction. That is a matter of where time begins and harmless; it shows
# because nothing is hidden by centring.
