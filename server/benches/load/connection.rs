//! One connection that stays open: a request, its answer, the next request. Bytes and little else, so that the load
//! costs the machine less than the server does.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Connection {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub async fn open(port: u16) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self { socket, received: Vec::with_capacity(64 << 10) }
    }

    /// Sends a request and reads its answer to the end. Any other status than 200 is a fault of the benchmark.
    pub async fn ask(&mut self, request: &[u8]) {
        self.socket.write_all(request).await.unwrap();
        self.received.clear();
        let mut end = None;
        while end.is_none_or(|end| self.received.len() < end) {
            assert!(self.socket.read_buf(&mut self.received).await.unwrap() > 0, "the server hung up");
            end = end.or_else(|| end_of(&self.received));
        }
        let text = String::from_utf8_lossy(&self.received);
        assert!(text.starts_with("HTTP/1.1 200 "), "{text}");
    }
}

/// Where an answer ends, as soon as its head is there.
fn end_of(received: &[u8]) -> Option<usize> {
    let head = received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&received[..head]).unwrap().to_ascii_lowercase();
    let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    Some(head + length.parse::<usize>().unwrap())
}
