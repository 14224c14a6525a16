"""Write the figure of a script of this folder to a PNG beside it.

python docs/figures/save.py questions

The pages draw their figures while they are built; what this writes is for the README.
"""

import runpy
import sys
from pathlib import Path

import matplotlib.pyplot as plt

plt.switch_backend("Agg")
plt.rcParams.update({"font.size": 9, "figure.constrained_layout.use": True})

for name in sys.argv[1:]:
    script = Path(__file__).with_name(f"{name}.py")
    runpy.run_path(str(script))
    plt.savefig(script.with_suffix(".png"), dpi=110)
    plt.close("all")
