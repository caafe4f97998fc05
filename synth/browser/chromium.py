"""Finds Chromium and starts it, headless, where it can do no harm.

It runs inside bubblewrap: new user, network, PID, IPC, UTS and mount namespaces: no network interface, no home, no file
but `/usr`, the fonts and a temporary folder in memory; and inside that with Chromium's own sandbox around every renderer. There is no
weaker mode. Commands go through a pipe (`--remote-debugging-pipe`): no port is opened.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from schemas.errors import NotInstalledError
from schemas.sample import AssetUse, sha256_hex
from synth.browser.typefaces import FOLDER, font_config, font_view

INSIDE = "/tmp"  # noqa: S108 - a folder in memory that only the browser sees
VARIABLE = "ASSAY_CHROMIUM"
"""Environment variable with the path of another Chromium (its executable, not a script that starts it)."""
PLACES = (
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/lib/chromium/chromium",
    "/usr/lib64/chromium-browser/chromium-browser",
    "/usr/lib/chromium-browser/chromium-browser",
    "/opt/google/chrome/chrome",
)
"""Where Debian, Fedora, older Ubuntu and Google put the executable. The smaller build without windows comes first: half the time."""
FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--user-data-dir=/tmp/profile",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--disable-quic",
    "--mute-audio",
    "--hide-scrollbars",
    "--font-render-hinting=none",
    "--disable-lcd-text",
    "--disable-partial-raster",
    "--disable-low-res-tiling",
    "--disable-features=Translate,BackForwardCache,PaintHolding,MediaRouter,OptimizationHints,DialMediaRouteProvider",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    "--blink-settings=scriptEnabled=false",
    "--lang=en-US",
    "about:blank",
)
"""Nothing in the background, no scripts, grey antialiasing at whole pixels, one colour profile."""
MEMORY_BYTES = 3 << 30
"""What one of the browser's processes may write to (RLIMIT_DATA: a limit of addresses is no use, V8 reserves terabytes of them). A renderer
that draws 8 million pixels writes to 0.65 GiB (measured); one that wants more ends, and the page with it.
Pictures are decoded elsewhere, in memory that Chromium keeps within bounds of its own."""
FOLDER_BYTES = 256 << 20
"""Of the browser's temporary folder, which is memory too; a profile takes 5 MiB (measured)."""
INSTALL = "apt-get install chromium-headless-shell bubblewrap (or the like of another distribution), or set ASSAY_CHROMIUM to an executable"


@cache
def find_chromium() -> Path:
    """The browser's executable.

    Raises:
        NotInstalledError: There is none, or no bubblewrap to hold it.
    """
    named = os.environ.get(VARIABLE, "")
    found = [Path(place) for place in ([named] if named else PLACES) if os.access(place, os.X_OK)]
    if not found:
        what = f"{VARIABLE} is {named}, which cannot be run" if named else "there is no Chromium here"
        raise NotInstalledError(f"{what}; families of web pages need one", where="synth.browser", todo=INSTALL)
    if shutil.which("prlimit") is None:
        raise NotInstalledError(
            "prlimit is not installed, so the browser's memory cannot be limited", where="synth.browser", todo="apt-get install util-linux"
        )
    if shutil.which("bwrap") is None:
        raise NotInstalledError("bubblewrap is not installed, so no browser can be held", where="synth.browser", todo=INSTALL)
    return found[0].resolve()


@cache
def chromium_version() -> str:
    """`chromium-headless-shell 156.0.8078.108`: the build, which decides every pixel."""
    done = subprocess.run([*_frame(find_chromium()), str(find_chromium()), "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - the system's own browser
    found = re.search(r"\d+(?:\.\d+){3}", done.stdout)
    if found is None:
        said = (done.stderr or done.stdout).strip()[-300:]
        raise NotInstalledError(f"Chromium does not start inside bubblewrap: {said}", where="synth.browser", todo=INSTALL)
    return f"{find_chromium().name} {found[0]}"


def browser_use() -> AssetUse:
    """The browser as a part of a fingerprint: another build may draw other pixels."""
    version = chromium_version()
    return AssetUse("chromium", sha256_hex(version.encode()), "BSD-3-Clause", version)


def no_browser() -> str:
    """Why no page can be drawn here; empty if it can."""
    try:
        chromium_version()
    except NotInstalledError as error:
        return error.what
    return ""


def start_chromium(commands: int, answers: int) -> int:
    """Start the browser with its ends of two pipes, commands to read and answers to write; the process's id, which leads a new session."""
    chromium = find_chromium()
    command = [*_frame(chromium), str(chromium), *FLAGS]
    # Chromium wants the pipes as 3 and 4. All else of ours is closed at `exec`; numbers from 10 up, so that none is overwritten too early.
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (commands, answers)]
    nothing = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    given = [(os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(ends, 3)]
    try:
        return os.posix_spawnp(command[0], command, os.environ, file_actions=[*nothing, *given], setsid=True)
    finally:
        for end in ends:
            os.close(end)


def _frame(chromium: Path) -> list[str]:
    """Bubblewrap and what is in view: the system's programs and libraries, the fonts, nothing of the user's."""
    command = [
        "prlimit",
        f"--data={MEMORY_BYTES}",
        "bwrap",
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        "--uid",
        "1000",
        "--gid",
        "1000",
        "--cap-drop",
        "ALL",
    ]
    command += ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    command += ["--size", str(FOLDER_BYTES), "--tmpfs", INSIDE, "--clearenv"]
    for folder in ("/lib", "/lib64", "/bin"):
        path = Path(folder)
        if path.is_symlink():
            command += ["--symlink", os.fspath(path.readlink()), folder]
        elif path.is_dir():
            command += ["--ro-bind", folder, folder]
    for name in ("/etc/ld.so.cache", "/etc/alternatives"):
        command += ["--ro-bind-try", name, name]
    if not chromium.is_relative_to("/usr"):
        command += ["--ro-bind", str(chromium.parent), str(chromium.parent)]
    command += ["--ro-bind", str(_config_file()), f"{FOLDER}.conf"]
    for inside, outside in font_view():
        command += ["--ro-bind", str(outside), inside]
    libraries = f"{chromium.parent}:{chromium.parent / 'lib'}"  # builds that bring their own
    values = {"HOME": INSIDE, "PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C.UTF-8", "FONTCONFIG_FILE": f"{FOLDER}.conf"}
    for name, value in (values | {"LD_LIBRARY_PATH": libraries}).items():
        command += ["--setenv", name, value]
    return command


@cache
def _config_file() -> Path:
    """The fontconfig file, in a folder that is removed at exit."""
    folder = _kept_folder()
    path = Path(folder.name) / "fonts.conf"
    path.write_text(font_config(), encoding="utf-8")
    return path


@cache
def _kept_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="assay-fonts-")
