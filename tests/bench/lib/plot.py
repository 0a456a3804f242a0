"""Line plots as small SVG files, drawn by gnuplot (Debian package gnuplot-nox)."""
import os
import shutil
import subprocess

from .report import FOLDER
from .stage import Failure

COLOURS = ("#c0392b", "#1f77b4", "#2e8b57", "#8e44ad", "#d68910")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def block(name, points):
    lines = "\n".join(f"{x} {y}" for x, y in points if y is not None)
    return f"${name} << EOD\n{lines}\nEOD\n"


def draw(name, panels, logscale_x=False):
    """build/bench/NAME.svg with the panels in rows of two; the path.

    panels: [{"title", "x", "y": axis labels, "series": [(label, [(x, y), ...]), ...], "ticks": x values or None,
    "logscale_x": True, where not all panels are alike}]
    """
    if not shutil.which("gnuplot"):
        raise Failure("gnuplot is missing (package gnuplot-nox)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"{name}.svg"
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    script = [f'set terminal svg size {460 * columns},{340 * rows} font "sans,11" background "white"',
              f"set output {quoted(str(file))}", "set grid lc '#dddddd'", "set key below",
              f"set multiplot layout {rows},{columns}", "set yrange [0:*]"]
    for p, panel in enumerate(panels):
        script += [f"set title {quoted(panel['title'])}", f"set xlabel {quoted(panel['x'])}",
                   f"set ylabel {quoted(panel['y'])}"]
        script.append("set logscale x" if panel.get("logscale_x", logscale_x) else "unset logscale x")
        ticks = panel.get("ticks")
        script.append("set xtics (" + ", ".join(map(str, ticks)) + ")" if ticks else "set xtics autofreq")
        curves = []
        for s, (label, points) in enumerate(panel["series"]):
            script.append(block(f"d{p}_{s}", points))
            curves.append(f"$d{p}_{s} using 1:2 with linespoints lw 2 pt 7 ps 0.6 lc '{COLOURS[s % len(COLOURS)]}' "
                          f"title {quoted(label)}")
        script.append("plot " + ", ".join(curves))
    done = subprocess.run(["gnuplot", "-"], input="\n".join(script) + "\nunset multiplot\n", text=True,
                          capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise Failure(f"gnuplot: {done.stderr}")
    print(f"drawn to {os.path.relpath(file)}")
    return file
