//! A server process of a test, with a data directory of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The admin key of every server of these tests.
pub(crate) const ADMIN_KEY: &str = "test0admin0key000000000000000000000000000000000000";

/// A running server; dropping it kills it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it printed before it was ready, line by line.
    pub(crate) greeting: Vec<String>,
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a server for development on this data directory and waits until it listens.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &["--dev"], Some(ADMIN_KEY))
    }

    /// Starts a server with these arguments.
    pub(crate) fn start_with(data: &Path, arguments: &[&str], admin_key: Option<&str>) -> Self {
        let mut command = serve(data, arguments);
        if let Some(key) = admin_key {
            command.env("RENDEZHOOK_ADMIN_KEY", key);
        }
        Self::run(command)
    }

    /// Runs a command that starts a server, and waits until it listens.
    pub(crate) fn run(command: Command) -> Self {
        Self::run_telling(command, |_| {})
    }

    /// As [`Server::run`]; `started` is told the number of the process before it can have done anything.
    pub(crate) fn run_telling(mut command: Command, started: impl FnOnce(u32)) -> Self {
        let mut child = command.spawn().unwrap();
        started(child.id());
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = Vec::new();
        let address = read_greeting(&mut output, &mut greeting);
        let Some(address) = address else {
            let ended = child.wait_with_output().unwrap();
            panic!("the server ended before it listened: {}", String::from_utf8_lossy(&ended.stderr));
        };
        Self { child, address, greeting, _output: output }
    }

    /// Asks it to stop as an operator does, waits for its end, and answers with its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let process = self.child.id().to_string();
        let signalled = Command::new("kill").args(["-TERM", &process]).status().unwrap();
        assert!(signalled.success());
        self.child.wait().unwrap().code()
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Whether its process ends within this time.
    pub(crate) fn has_ended(&mut self, patience: Duration) -> bool {
        until(patience, || self.child.try_wait().unwrap().is_some())
    }

    /// Asks for something; none when the server has no answer, because it was killed.
    pub(crate) fn try_call(&self, path: &str, key: &str) -> Option<Value> {
        let request = ureq::get(format!("http://{}{path}", self.address));
        let mut answer = request.header("authorization", format!("Bearer {key}")).call().ok()?;
        serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()
    }

    /// Calls its API, whether there is an answer or not.
    pub(crate) fn call_in_vain(&self, method: &str, path: &str, key: &str, body: &Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(body.to_string())
            .unwrap();
        let _answered = ureq::agent().run(request);
    }

    /// Calls its API.
    pub(crate) fn call(&self, method: &str, path: &str, key: &str, body: Option<&Value>) -> (u16, Value) {
        self.call_with(method, path, ("authorization", &format!("Bearer {key}")), body)
    }

    /// Calls its API with a key in a header of the caller's choice.
    pub(crate) fn call_with(
        &self,
        method: &str,
        path: &str,
        (header, key): (&str, &str),
        body: Option<&Value>,
    ) -> (u16, Value) {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header(header, key)
            .header("content-type", "application/json")
            .body(body.map(Value::to_string).unwrap_or_default())
            .unwrap();
        let mut answer = agent.run(request).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Runs a command of the binary against it.
    pub(crate) fn command(&self, key: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_rendezhook"))
            .args(arguments)
            .env("RENDEZHOOK_SERVER", format!("http://{}", self.address))
            .env("RENDEZHOOK_KEY", key)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a command with the organization in the environment, as somebody has it who works with keys.
    pub(crate) fn command_in(&self, organization: &str, key: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_rendezhook"))
            .args(arguments)
            .env("RENDEZHOOK_SERVER", format!("http://{}", self.address))
            .env("RENDEZHOOK_KEY", key)
            .env("RENDEZHOOK_ORGANIZATION", organization)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a command that has to succeed and prints JSON.
    pub(crate) fn json_of(&self, key: &str, arguments: &[&str]) -> Value {
        let output = self.command(key, arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Makes an organization with a key of scope `admin`; answers with its id and the key.
    pub(crate) fn organization(&self, name: &str) -> (String, String) {
        let organization = self.json_of(ADMIN_KEY, &["org", "create", name]);
        let id = text(&organization, "id");
        let made = ["key", "create", "all", "--scope", "admin", "--organization", &id];
        let key = text(&self.json_of(ADMIN_KEY, &made), "key");
        (id, key)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Looks again and again whether something has come about; `false` when it has not within this time.
#[expect(clippy::disallowed_methods, reason = "another process is looked at, which does not tell by itself")]
pub(crate) fn until(patience: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if began.elapsed() >= patience {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The command that starts a server on a free port.
pub(crate) fn serve(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rendezhook"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .args(arguments)
        .env_remove("RENDEZHOOK_ADMIN_KEY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Reads lines until the one with the address; none when the output ends before it.
fn read_greeting(output: &mut BufReader<ChildStdout>, greeting: &mut Vec<String>) -> Option<SocketAddr> {
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        greeting.push(line.trim_end().to_owned());
        if let Some((_, address)) = line.trim_end().split_once("listening on http://") {
            return Some(address.parse().unwrap());
        }
    }
}

pub(crate) fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}
