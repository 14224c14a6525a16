"""Concept erasure: what a probe still finds, and what a label loses."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from ...erasure import SubspaceEraser
from .._table import Column

ORDER = 50

METHODS = {
    "nothing erased": None,
    "leace": {},
    "oblique": {"method": "oblique"},
    "orthogonal": {"method": "orthogonal"},
    "spectral": {"method": "spectral"},
}

PROBES = (
    Column("AUC linear", None),
    Column("accuracy linear", None),
    Column("accuracy tree", None),
    Column("label", "high"),
    Column("seconds", None, 3),
)

WEIGHTS = (
    Column("that digit", "low"),
    Column("the others", "high"),
    Column("seconds", None, 3),
)


def run(stage):
    """Erase a style and a class from digits, and a class from a model's weights."""
    X, digit = load_digits(return_X_y=True)
    X = X / 16
    if stage.quick:
        X, digit = X[:800], digit[:800]
    frame = np.zeros((8, 8))
    frame[[0, -1]] = 0.25
    style = np.random.RandomState(0).randint(2, size=len(X))
    stage.warm_up(
        {
            "SubspaceEraser": lambda: [
                SubspaceEraser(method).fit(X[:50], style[:50])
                for method in ("leace", "spectral")
            ]
        }
    )
    pictures = None
    for title, table, concept, label in (
        (
            "A faint frame erased, the digit kept",
            X + style[:, None] * frame.ravel(),
            style,
            digit,
        ),
        ("Digit of 5 or more erased, odd or even kept", X, digit >= 5, digit % 2),
    ):
        stage.announce(title)
        rows, erasers, split = _probe(stage, table, concept, label)
        stage.table(f"{title} ({len(X)} x 64, new rows)", PROBES, rows)
        stage.say(f"Read: {verdict(rows)}")
        if pictures is None:
            pictures = _sample(erasers, table[split], concept[split])
    _edit_weights(stage, X, digit)
    stage.line()
    stage.say(
        "Linear and tree are probes of the concept, fitted after the erasure: area "
        "under the curve and balanced accuracy on new rows, .5 for chance. Label is "
        "the accuracy of a logistic regression of what was to be kept."
    )
    stage.figure(
        "erasure", lambda figure: _draw(figure, pictures), size=(1.5 * 5 + 0.6, 3.4)
    )


def _probe(stage, X, concept, label):
    """Rows of the table, the erasers, and the new rows."""
    everything = np.arange(len(X))
    old, new = train_test_split(
        everything, test_size=0.4, stratify=2 * label + concept, random_state=0
    )
    rows, erasers = [], {}
    for name, parameters in METHODS.items():
        A, B, seconds = X[old], X[new], None
        if parameters is not None:
            eraser = SubspaceEraser(**parameters)
            _, seconds = stage.timed(
                name,
                lambda eraser=eraser, A=A: eraser.fit(
                    A, label[old], concept=concept[old]
                ),
            )
            A, B = eraser.transform(A), eraser.transform(B)
            erasers[name] = eraser
        linear = _logistic().fit(A, concept[old])
        tree = DecisionTreeClassifier(max_depth=8, random_state=0).fit(A, concept[old])
        scores = (
            roc_auc_score(concept[new], linear.decision_function(B)),
            balanced_accuracy_score(concept[new], linear.predict(B)),
            balanced_accuracy_score(concept[new], tree.predict(B)),
            _logistic().fit(A, label[old]).score(B, label[new]),
            seconds,
        )
        rows.append((name, scores))
    return rows, erasers, new


def _logistic():
    return LogisticRegression(max_iter=2000)


def verdict(rows):
    """Say what the least-squares eraser did to the concept and to the label."""
    found = dict(rows)
    before, after = found["nothing erased"], found["leace"]
    lost = before[3] - after[3]
    price = f"{abs(lost):.3f} {'lost' if lost > 0 else 'gained'}"
    return (
        f"leace takes the linear probe from {before[1]:.2f} to {after[1]:.2f}, with "
        f"{price} on the label; the tree still finds {after[2]:.2f}. spectral leaves "
        f"the linear probe {found['spectral'][1]:.2f}."
    )


def _edit_weights(stage, X, digit):
    """Erase each digit in turn from the weights of one model."""
    A, B, y, t = train_test_split(
        X, digit, test_size=0.4, stratify=digit, random_state=0
    )
    stage.announce("one digit erased from the weights of a model")
    model = _logistic().fit(A, y)
    rows = []
    for name, parameters in METHODS.items():
        if name == "oblique":  # nothing to spare beside the digit itself
            continue
        each, times = [], []
        for c in range(10):
            coef, intercept = model.coef_, model.intercept_
            if parameters is not None:
                eraser = SubspaceEraser(forget=[c], **parameters)
                _, seconds = stage.timed(name, lambda eraser=eraser: eraser.fit(A, y))
                coef, intercept = eraser.edit_weights(coef, intercept)
                times.append(seconds)
            correct = np.argmax(B @ coef.T + intercept, axis=1) == t
            each.append((np.mean(correct[t == c]), np.mean(correct[t != c])))
        seconds = np.mean(times) if times else None
        rows.append((name, (*np.mean(each, axis=0), seconds)))
    title = "One digit erased from a model's weights, mean over ten (accuracy)"
    stage.table(title, WEIGHTS, rows)
    least = min(rows[1:], key=lambda row: row[1][0])
    stage.say(
        f"Read: {least[0]} forgets most, {least[1][0]:.2f} of the images of the digit "
        f"are still recognised, and {least[1][1]:.2f} of the others."
    )


# -- figure ---------------------------------------------------------------------------


def _sample(erasers, X, concept):
    """One image of each concept value, before and after."""
    rows = [int(np.flatnonzero(concept == value)[0]) for value in (0, 1)]
    columns = {"before": X[rows]}
    return columns | {name: e.transform(X[rows]) for name, e in erasers.items()}


def _draw(figure, pictures):
    """Images without and with the frame, one column a method."""
    all_axes = figure.subplots(2, len(pictures), squeeze=False)
    for column, (name, images) in zip(all_axes.T, pictures.items(), strict=True):
        column[0].set_title(name, fontsize=9)
        for axes, image in zip(column, images, strict=True):
            axes.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
    for axes, name in zip(all_axes[:, 0], ("no frame", "frame"), strict=True):
        axes.set_ylabel(name, fontsize=9)
