//! nginx as the documentation sets it up: pages of the proxy's own origin are ours, foreign ones are not, and what is as large
//! as it may be passes.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use experiment_wasm::api::base64url;
use serde_json::json;

use crate::asking::Asking;
use crate::database::{Database, name};
use crate::process::{ended, signal};
use crate::running::{ADMIN, CLIENT, Running, until};
use crate::small_disk::skipped;

const DOCUMENTATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/running-the-server.md");

struct Nginx {
    child: Child,
    port: u16,
    directory: PathBuf,
}

impl Nginx {
    /// The example of the documentation, in front of these servers. None where there is no nginx.
    fn before(servers: [u16; 2]) -> Option<Self> {
        // Debian puts it into no user's PATH.
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/bin/nginx"]
            .into_iter()
            .find(|path| fs::exists(path).unwrap())?;
        let directory = std::env::temp_dir().join(name());
        fs::create_dir(&directory).unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let at = directory.display();
        let files =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|kind| format!("{kind}_temp_path {at}/{kind};"));
        let own = format!("daemon off; pid {at}/pid; error_log stderr; events {{}}");
        let text = format!("{own} http {{ access_log off; {} {} }}", files.join(" "), example(port, servers));
        let config = directory.join("nginx.conf");
        fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-p").arg(&directory).arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        until(|| TcpStream::connect(("127.0.0.1", port)).ok());
        Some(Self { child, port, directory })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        signal(&self.child, "TERM");
        ended(&mut self.child);
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

/// The block of the documentation, on other ports.
fn example(port: u16, servers: [u16; 2]) -> String {
    let text = fs::read_to_string(DOCUMENTATION).unwrap();
    let example = text.split("```nginx\n").nth(1).unwrap().split("```").next().unwrap();
    let changes = [
        ("listen 8080;".to_owned(), format!("listen 127.0.0.1:{port};")),
        ("127.0.0.1:8081;".to_owned(), format!("127.0.0.1:{};", servers[0])),
        ("127.0.0.1:8082;".to_owned(), format!("127.0.0.1:{};", servers[1])),
    ];
    changes.into_iter().fold(example.to_owned(), |example, (from, to)| {
        assert!(example.contains(&from), "{from}");
        example.replace(&from, &to)
    })
}

#[test]
fn a_proxy_as_the_documentation_has_it_lets_own_pages_in_and_keeps_others_out() {
    let first = Running::on(Database::lasting(), &[]);
    let second = Running::beside(&first);
    let Some(nginx) = Nginx::before([first.port, second.port]) else {
        return skipped("nginx", "it is not installed");
    };
    let ask = |method: &str, path: &str| Asking::new(nginx.port, method, path);
    let own = format!("http://localhost:{}", nginx.port);
    // Both replicas take their turns.
    for _ in 0..4 {
        let read =
            |origin: &str| ask("GET", "/api/flags").header("authorization", ADMIN).header("origin", origin).send();
        read(&own).expect(200);
        read("http://localhost").refused(403);
        read(&format!("http://evil.example:{}", nginx.port)).refused(403);
        ask("GET", "/healthz").send().expect(200);
    }
    let user = base64url(json!({ "user_id": "alice", "note": "x".repeat(11_900) }).to_string().as_bytes());
    let asking = ask("GET", "/sdk/v2/vardata").header("authorization", CLIENT).header("x-amp-exp-user", user.to_str());
    asking.send().expect(200);
    let event = json!({ "user_id": "alice", "event_type": "Buy", "event_properties": { "note": "x".repeat(5 << 20) } });
    let body = json!({ "api_key": "shop-api-key", "events": [event] }).to_string();
    ask("POST", "/batch").body(body).send().expect(200);
}
