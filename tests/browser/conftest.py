"""
A real browser that opens a file from disk and is let out to nowhere.

``page = open_page(path)`` opens an HTML file in the system's Chromium with
every network request refused, and remembers what it asked for and complained
of. Tests that use it are skipped where Chromium is absent. ``axe(page)`` lists
what axe-core finds wrong with the page as it stands; ``scripts/test`` installs
it, and tests that use it are skipped where it is absent.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

DESKTOP = (1280, 800)
CHROMIUM = ("chromium", "chromium-browser")
LOCAL = ("file:", "data:", "blob:", "about:", "devtools:", "chrome:")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """
const done = arguments[arguments.length - 1];
const serious = (one) => ["serious", "critical"].includes(one.impact);
const where = (node) => `${node.html.slice(0, 120)}: ${node.failureSummary}`;
const told = (rule) => rule.nodes.map((node) => `${rule.id}: ${where(node)}`);
axe.run(document, { resultTypes: ["violations"], elementRef: false, preload: false }).then(
  (found) => done(found.violations.filter(serious).flatMap(told)),
  (error) => done([String(error)]),
);
"""


@dataclass
class Page:
    """An open page: what it asked for, what it complained of, what it looks like."""

    driver: webdriver.Chrome
    _requests: dict[str, str] = field(default_factory=dict)
    _errors: list[str] = field(default_factory=list)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page; ``return`` gives its value back."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, script: str, *, seconds: float = 10) -> Any:
        """Wait until a JavaScript expression is true."""
        wait = WebDriverWait(self.driver, seconds, poll_frequency=0.05)
        return wait.until(lambda _: self.run(f"return {script}"), message=script)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, on whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab(self, times: int = 1) -> None:
        """Move the focus on."""
        self.press(*[Keys.TAB] * times)

    def resize(self, width: int, height: int, *, phone: bool = False) -> None:
        """Give the page a size in CSS pixels; a phone also has touch."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        touch = {"enabled": phone, "maxTouchPoints": 5 if phone else 1}
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", touch)
        self.run(
            "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def screenshot(self, path: Path) -> Path:
        """Save what the window shows as PNG."""
        assert self.driver.save_screenshot(str(path))
        return path

    def requests(self) -> list[str]:
        """List every address asked for that is not in the file itself."""
        self._listen()
        return [url for url in self._requests.values() if not url.startswith(LOCAL)]

    def errors(self) -> list[str]:
        """List every console error, uncaught exception and refused request."""
        self._listen()
        return list(self._errors)

    def _listen(self) -> None:
        """Read what the browser has logged since the last time."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            params = message.get("params", {})
            if message["method"] == "Network.requestWillBeSent":
                self._requests[params["requestId"]] = params["request"]["url"]
            elif message["method"] == "Network.loadingFailed":
                url = self._requests.get(params["requestId"])
                if url is not None:  # else it belongs to the browser's own first tab
                    self._errors.append(f"request failed: {url}: {params.get('errorText')}")
            elif message["method"] == "Runtime.exceptionThrown":
                self._errors.append(str(params["exceptionDetails"]))
        for entry in self.driver.get_log("browser"):
            if entry["level"] == "SEVERE":
                self._errors.append(entry["message"])


@contextmanager
def chromium(folder: Path) -> Iterator[webdriver.Chrome]:
    """Start Chromium, with its files in a folder."""
    options = Options()
    options.binary_location = next(filter(None, map(shutil.which, CHROMIUM)))
    for flag in (*FLAGS, f"--user-data-dir={folder / 'chromium'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    driver.set_page_load_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Start Chromium once for all tests; skip where there is none."""
    if not any(map(shutil.which, CHROMIUM)) or shutil.which("chromedriver") is None:
        pytest.skip("Chromium is absent: install the system's chromium and chromium-driver")
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


def opener(browser: webdriver.Chrome) -> Callable[..., Page]:
    """Give a function that opens a file from disk at a window size and returns its page."""

    def opened(path: Path, *, size: tuple[int, int] = DESKTOP, phone: bool = False) -> Page:
        browser.get("about:blank")
        page = Page(browser)
        page.requests()  # what an earlier page asked for is not this one's
        page._requests.clear()
        page._errors.clear()
        page.resize(*size, phone=phone)
        browser.get(Path(path).resolve().as_uri())
        return page

    return opened


@pytest.fixture
def open_page(browser: webdriver.Chrome) -> Iterator[Callable[..., Page]]:
    """Open files in the one window, each test its own."""
    yield opener(browser)
    browser.get("about:blank")


@pytest.fixture(scope="module")
def keep_page(browser: webdriver.Chrome) -> Iterator[Callable[..., Page]]:
    """Open a file that all tests of a module share; none of them may open another."""
    yield opener(browser)
    browser.get("about:blank")


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """Give a function that lists the serious and critical faults axe-core finds in a page."""
    if not AXE.is_file():
        pytest.skip("axe-core is absent: run npm ci --ignore-scripts in tests/browser")
    source = AXE.read_text(encoding="utf-8")

    def faults(page: Page) -> list[str]:
        if not page.run("return typeof axe === 'object'"):
            page.run(f"{source}; window.axe = axe;")
        return page.driver.execute_async_script(SERIOUS)

    return faults


@pytest.fixture(scope="session")
def town() -> ModuleType:
    """Load the made-up town of the map's tests."""
    spec = spec_from_file_location("town", Path(__file__).parents[1] / "maps" / "town.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
