//! An HTTP client for tests: one exchange over a socket of its own, with nothing between the test and the bytes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// How long a server may neither send nor receive a byte.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A request, built step by step.
pub struct TestRequest {
    pub port: u16,
    pub head: String,
    pub body: Vec<u8>,
    /// How long nothing may come back.
    pub wait: Duration,
}

/// A response.
pub struct TestResponse {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

/// A connection with timeouts.
pub fn connected(port: u16) -> TcpStream {
    let socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(LONGEST_WAIT)).unwrap();
    socket.set_write_timeout(Some(LONGEST_WAIT)).unwrap();
    socket
}

impl TestRequest {
    pub fn new(port: u16, method: &str, path: &str) -> Self {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n");
        Self { port, head, body: Vec::new(), wait: Duration::from_secs(60) }
    }

    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.head += &format!("{name}: {}\r\n", value.as_ref());
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn waiting(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sends it; an error is a connection that broke.
    pub fn attempt(self) -> std::io::Result<TestResponse> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port))?;
        socket.set_read_timeout(Some(self.wait))?;
        socket.set_write_timeout(Some(LONGEST_WAIT))?;
        let head = format!("{}content-length: {}\r\n\r\n", self.head, self.body.len());
        // A server that refuses may stop reading before everything was written.
        let _refused_early = socket.write_all(&[head.as_bytes(), &self.body].concat());
        let mut bytes = Vec::new();
        let ended = socket.read_to_end(&mut bytes);
        if bytes.is_empty() {
            ended?;
        }
        TestResponse::read(&bytes, self.head.starts_with("HEAD "))
            .ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }

    pub fn send(self) -> TestResponse {
        self.attempt().unwrap()
    }
}

/// The body that came in chunks, if all of them came.
fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        body.extend(rest.get(end + 2..end + 2 + length)?);
        rest = rest.get(end + 2 + length..)?.strip_prefix(b"\r\n")?;
        if length == 0 {
            return Some(body);
        }
    }
}

impl TestResponse {
    fn read(bytes: &[u8], is_head: bool) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let mut answer = Self { status, head, body: bytes[end + 4..].to_vec() };
        // A truncated response is none.
        if answer.header("transfer-encoding") == Some("chunked") && !is_head {
            answer.body = unchunked(&answer.body)?;
        }
        let length: usize = answer.header("content-length").map_or(Some(0), |length| length.parse().ok())?;
        (is_head || answer.body.len() >= length).then_some(answer)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The JSON of a response that must have this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// Checks the status, also in the body, and returns the error message.
    #[track_caller]
    pub fn refused(self, status: u16) -> String {
        let body = self.expect(status);
        assert_eq!(body["code"], status);
        body["error"].as_str().unwrap().to_owned()
    }
}
