//! Where the server listens: an address, or every address that a name has, all on one port.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::task::Poll;

use tokio::net::{TcpListener, TcpStream, lookup_host};

/// The sockets of one port.
pub struct Listeners {
    sockets: Vec<TcpListener>,
    /// Which of them is looked at first, so that one that never rests keeps no other from its turn.
    first: usize,
}

impl Listeners {
    /// Listens on every address of a host. Port 0 takes a free one, the same for all. An error says what was asked for.
    pub async fn bind(option: &str, host: &str, port: u16) -> Result<Self, String> {
        let named = |error: io::Error| format!("{option} {port} of --host {host}: {error}");
        let mut sockets: Vec<TcpListener> = Vec::new();
        for mut address in addresses(host, port).await.map_err(|error| format!("--host {host}: {error}"))? {
            if let Some(socket) = sockets.first() {
                address.set_port(socket.local_addr().map_err(named)?.port());
            }
            match TcpListener::bind(address).await {
                Ok(socket) => sockets.push(socket),
                // A machine without IPv6 may have names with an address of it.
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable && !sockets.is_empty() => {}
                Err(error) => return Err(named(error)),
            }
        }
        if sockets.is_empty() {
            Err(format!("--host {host}: it has no address"))
        } else {
            Ok(Self { sockets, first: 0 })
        }
    }

    /// The addresses.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(TcpListener::local_addr).collect()
    }

    /// The next connection to any of them.
    pub async fn accept(&mut self) -> io::Result<TcpStream> {
        let count = self.sockets.len();
        self.first = (self.first + 1) % count;
        poll_fn(|context| {
            for at in 0..count {
                let socket = self.sockets.get((self.first + at) % count);
                if let Some(Poll::Ready(accepted)) = socket.map(|socket| socket.poll_accept(context)) {
                    return Poll::Ready(accepted.map(|(stream, _)| stream));
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Each once, those of IPv4 first.
async fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut addresses: Vec<_> = lookup_host((host, port)).await?.collect();
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}
