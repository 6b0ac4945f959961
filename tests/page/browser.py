# SPDX-License-Identifier: MIT
"""Headless Chromium over the WebDriver protocol, with nothing but the standard library."""
import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request

DRIVER = "chromedriver"
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--host-resolver-rules=MAP * ~NOTFOUND", "--force-device-scale-factor=1",
             "--disable-background-networking", "--disable-component-update"]


def why_not():
    """Why there is no browser to be had, or None."""
    for name in (DRIVER, "chromium"):
        if not shutil.which(name):
            return f"no {name}"
    return None


class Browser:
    """One session."""

    def __init__(self):
        self.process = subprocess.Popen(  # ended by close()
            [DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.base = f"http://127.0.0.1:{self._port()}"
        options = {"args": ARGUMENTS}
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.session = f"/session/{answer['sessionId']}"

    def _port(self):
        for line in self.process.stdout:
            number = line.split()[-1].rstrip(".") if line.strip() else ""
            if "started successfully on port" in line and number.isdigit():
                return int(number)
        raise RuntimeError(f"{DRIVER} did not say its port")

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()) from error

    def open(self, url):
        """Loads a page."""
        self._ask("POST", self.session + "/url", {"url": url})

    def _emulate(self, what, **parameters):
        self._ask("POST", self.session + "/goog/cdp/execute",
                  {"cmd": f"Emulation.{what}", "params": parameters})

    def size(self, width, height):
        """Of the page that is seen, whatever the least size of a window is."""
        self._emulate("setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                      mobile=False)

    def taste(self, dark):
        """What the page is told of its reader's taste."""
        self._emulate("setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def run(self, script, *arguments):
        """What a script returns."""
        return self._ask("POST", self.session + "/execute/sync",
                         {"script": script, "args": list(arguments)})

    def log(self):
        """Lines of the console so far."""
        return self._ask("POST", self.session + "/se/log", {"type": "browser"})

    def screenshot(self, path):
        """The part of the page that is seen, as PNG."""
        with open(path, "wb") as file:
            file.write(base64.b64decode(self._ask("GET", self.session + "/screenshot")))

    def close(self):
        """Ends browser and driver."""
        try:
            self._ask("DELETE", self.session)
        except (OSError, RuntimeError):
            pass
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def settle():
    """A page without scripts is laid out at once; a browser that starts needs a moment."""
    time.sleep(0.2)
