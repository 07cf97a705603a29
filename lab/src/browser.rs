//! A web browser in a host: headless Chromium, driven over the DevTools protocol.
//!
//! The protocol goes through pipes (`--remote-debugging-pipe`): JSON texts that end with a zero byte. So there is no port that somebody else
//! could reach, and no WebSocket to speak.

mod base64;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{LabError, io_error};
use crate::host::Host;
use crate::requirements::require_program;

/// What a busy machine may take for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// How often a condition of the page is looked at.
const POLL_PERIOD: Duration = Duration::from_millis(50);

/// The protocol wants descriptors 3 and 4; the pipes are the standard streams.
const START: &str = "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// As root, and in a user namespace, Chromium's own sandbox does not start; the host is one.
const ARGUMENTS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "--user-data-dir=/tmp/browser",
    "--disk-cache-size=1000000",
];

/// Light or dark, as the system of the reader is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Dark text on a light ground.
    Light,
    /// Light text on a dark ground.
    Dark,
}

impl Scheme {
    /// As `prefers-color-scheme` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// A key of the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// To the next element.
    Tab,
    /// Presses a button.
    Enter,
    /// Closes something.
    Escape,
    /// To the mark before.
    ArrowLeft,
    /// To the mark after.
    ArrowRight,
}

impl Key {
    /// Name, virtual key code and text.
    const fn parts(self) -> (&'static str, u32, Option<&'static str>) {
        match self {
            Self::Tab => ("Tab", 9, None),
            Self::Enter => ("Enter", 13, Some("\r")),
            Self::Escape => ("Escape", 27, None),
            Self::ArrowLeft => ("ArrowLeft", 37, None),
            Self::ArrowRight => ("ArrowRight", 39, None),
        }
    }
}

/// Something that the browser complained about: an error in the console, a script that failed, a policy that was violated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Who says so: `network`, `security`, `console`, `script` and so on.
    pub source: String,
    /// What.
    pub text: String,
}

/// A browser with one page. Dropping it ends it; its host's end does as well.
pub struct Browser {
    child: Child,
    requests: ChildStdin,
    messages: Receiver<Value>,
    number: u64,
    session: Option<String>,
    complaints: Vec<Complaint>,
}

impl Browser {
    /// Starts it in a host, with an empty page.
    ///
    /// # Errors
    /// [`LabError::ProgramMissing`], or if it does not answer.
    pub fn start(host: &Host) -> Result<Self, LabError> {
        let chromium = require_program("chromium", "chromium")?;
        let mut command = host.entry().inside(host.outer_pid());
        command
            .args(["sh", "-c", START, "sh"])
            .arg(chromium)
            .args(ARGUMENTS)
            .arg("about:blank")
            .env("HOME", "/tmp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        let mut child = command.spawn().map_err(io_error("start chromium"))?;
        let unreadable = || LabError::Unreadable {
            what: "chromium's pipes",
        };
        let requests = child.stdin.take().ok_or_else(unreadable)?;
        let answers = child.stdout.take().ok_or_else(unreadable)?;
        let (sender, messages) = channel();
        thread::spawn(move || {
            for text in BufReader::new(answers).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&text) else {
                    continue;
                };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            requests,
            messages,
            number: 0,
            session: None,
            complaints: Vec::new(),
        };
        browser.attach()?;
        Ok(browser)
    }

    fn attach(&mut self) -> Result<(), LabError> {
        let target = self.ask("Target.createTarget", json!({"url": "about:blank"}))?;
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let session = self.ask("Target.attachToTarget", target)?;
        self.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log"] {
            self.ask(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(())
    }

    /// Opens a page and waits until its files are there.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub fn open(&mut self, url: &str) -> Result<(), LabError> {
        let answer = self.ask("Page.navigate", json!({"url": url}))?;
        if let Some(said) = answer["errorText"].as_str() {
            return Err(refused("open the page", said));
        }
        self.wait_for(
            &format!("the files of {url}"),
            "document.readyState === 'complete'",
            ANSWER_LIMIT,
        )
    }

    /// Size of the window in CSS pixels, and the colours that the reader prefers.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn look(&mut self, (width, height): (u32, u32), scheme: Scheme) -> Result<(), LabError> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.ask("Emulation.setDeviceMetricsOverride", size)?;
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme.name()},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.ask("Emulation.setEmulatedMedia", json!({"features": features}))
            .map(drop)
    }

    /// The value of an expression in the page; promises are awaited.
    ///
    /// # Errors
    /// If it throws.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value, LabError> {
        let asked = json!({"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let answer = self.ask("Runtime.evaluate", asked)?;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(refused("evaluate a script", &thrown.to_string())),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until an expression is true. While another page is being loaded there is nothing to ask, and until elements are there scripts
    /// fail: both count as not yet.
    ///
    /// # Errors
    /// [`LabError::TimedOut`], or what was wrong with the expression at the end.
    pub fn wait_for(
        &mut self,
        awaited: &str,
        expression: &str,
        limit: Duration,
    ) -> Result<(), LabError> {
        let end = Instant::now() + limit;
        loop {
            let value = self.evaluate(&format!("Boolean({expression})"));
            let late = Instant::now() >= end;
            match value {
                Ok(Value::Bool(true)) => return Ok(()),
                Ok(_) if late => {
                    let awaited = awaited.to_owned();
                    return Err(LabError::TimedOut { awaited, limit });
                }
                Err(error) if late => return Err(error),
                Ok(_) | Err(_) => thread::sleep(POLL_PERIOD),
            }
        }
    }

    /// Presses and releases a key.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn press(&mut self, key: Key) -> Result<(), LabError> {
        let (name, code, text) = key.parts();
        let kind = if text.is_some() {
            "keyDown"
        } else {
            "rawKeyDown"
        };
        let mut down =
            json!({"type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code});
        if let (Some(text), Some(down)) = (text, down.as_object_mut()) {
            down.insert("text".to_owned(), json!(text));
        }
        self.ask("Input.dispatchKeyEvent", down)?;
        let up = json!({"type": "keyUp", "key": name, "code": name, "windowsVirtualKeyCode": code});
        self.ask("Input.dispatchKeyEvent", up).map(drop)
    }

    /// Types a text.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn write(&mut self, text: &str) -> Result<(), LabError> {
        self.ask("Input.insertText", json!({"text": text}))
            .map(drop)
    }

    /// A picture of the whole page, as PNG.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub fn picture(&mut self) -> Result<Vec<u8>, LabError> {
        // What sticks to the window's edge belongs to the top.
        self.evaluate("scrollTo({ top: 0, behavior: 'instant' })")?;
        let size = self.ask("Page.getLayoutMetrics", json!({}))?["cssContentSize"].clone();
        let clip =
            json!({"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1});
        let asked = json!({"captureBeyondViewport": true, "clip": clip});
        let answer = self.ask("Page.captureScreenshot", asked)?;
        let text = answer["data"].as_str().unwrap_or_default();
        base64::decode(text).ok_or(LabError::Unreadable {
            what: "a picture of the page",
        })
    }

    /// What the browser has complained about so far.
    #[must_use]
    pub fn complaints(&self) -> &[Complaint] {
        &self.complaints
    }

    fn ask(&mut self, method: &str, parameters: Value) -> Result<Value, LabError> {
        self.number += 1;
        let mut request = json!({"id": self.number, "method": method, "params": parameters});
        if let (Some(session), Some(request)) = (&self.session, request.as_object_mut()) {
            request.insert("sessionId".to_owned(), json!(session));
        }
        let mut text = request.to_string().into_bytes();
        text.push(0);
        self.requests
            .write_all(&text)
            .map_err(io_error("speak to chromium"))?;
        let end = Instant::now() + ANSWER_LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left).map_err(|why| match why {
                RecvTimeoutError::Timeout => LabError::TimedOut {
                    awaited: format!("chromium's answer to {method}"),
                    limit: ANSWER_LIMIT,
                },
                RecvTimeoutError::Disconnected => refused(method, "chromium has ended"),
            })?;
            if message["id"] != json!(self.number) {
                self.hear(&message);
            } else if let Some(error) = message.get("error") {
                return Err(refused(method, &error.to_string()));
            } else {
                return Ok(message["result"].clone());
            }
        }
    }

    /// Keeps what is a complaint.
    fn hear(&mut self, message: &Value) {
        let parameters = &message["params"];
        let (source, text) = match message["method"].as_str() {
            Some("Log.entryAdded") if parameters["entry"]["level"] == "error" => {
                let entry = &parameters["entry"];
                let text = format!("{} {}", entry["text"], entry["url"]);
                (entry["source"].as_str().unwrap_or("log"), text)
            }
            Some("Runtime.exceptionThrown") => {
                let thrown = &parameters["exceptionDetails"];
                let text = format!("{} {}", thrown["text"], thrown["exception"]["description"]);
                ("script", text)
            }
            Some("Runtime.consoleAPICalled")
                if ["error", "warning", "assert"]
                    .contains(&parameters["type"].as_str().unwrap_or_default()) =>
            {
                ("console", parameters["args"].to_string())
            }
            _ => return,
        };
        let source = source.to_owned();
        self.complaints.push(Complaint { source, text });
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // nsenter waits for what it has started; the processes of the browser end when their pipe does.
        self.session = None;
        let _ = self.ask("Browser.close", json!({}));
        let end = Instant::now() + Duration::from_secs(5);
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(POLL_PERIOD);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn refused(doing: &str, said: &str) -> LabError {
    LabError::Refused {
        host: "the browser".to_owned(),
        request: doing.to_owned(),
        said: said.to_owned(),
    }
}
