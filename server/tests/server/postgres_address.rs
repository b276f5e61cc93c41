//! The address of PostgreSQL: TLS as it asks for, where it comes from, and that nothing of it is told.

use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::database::{Database, name};
use crate::process::{ended, lines_of, output_of, port_of, signal};
use crate::test_server::TestServer;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/config.json");

/// A server with this in its environment, which says where its database is.
fn server(environment: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_experiment-server"));
    command.args(["--config", CONFIG, "--port", "0"]).args(arguments).env_remove("DATABASE_URL");
    command.envs(environment.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

#[track_caller]
fn refusal(environment: &[(&str, &str)], arguments: &[&str]) -> String {
    let output = output_of(&mut server(environment, arguments));
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

/// How many connections other than the asker's the database has that are encrypted, and that are not. The server may open one
/// between two questions, which must be as the others are.
const ENCRYPTED: &str = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND ssl";
const PLAIN: &str = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT ssl";

#[test]
fn connections_are_encrypted_and_the_server_is_verified_as_the_address_asks() {
    let Ok(certificate) = std::env::var("EXPERIMENT_TEST_POSTGRES_CERTIFICATE") else { return };
    for (query, is_encrypted) in [
        ("sslmode=disable".to_owned(), false),
        ("sslmode=prefer".to_owned(), true),
        ("sslmode=require".to_owned(), true),
        (format!("sslmode=verify-ca&sslrootcert={certificate}"), true),
        (format!("sslmode=verify-full&sslrootcert={certificate}"), true),
    ] {
        let database = Database::lasting();
        let url = format!("{}?{query}", database.url());
        let mut child = server(&[("DATABASE_URL", &url)], &[]).spawn().unwrap();
        let port = port_of(&mut child);
        let running = TestServer { port, child, database };
        running.store(json!([{ "user_id": "alice", "event_type": "Buy" }]));
        let [encrypted, plain] = [ENCRYPTED, PLAIN].map(|query| running.database.number(query));
        let (expected, others) = if is_encrypted { (encrypted, plain) } else { (plain, encrypted) };
        assert!(expected > 0 && others == 0, "{query}: {encrypted} encrypted, {plain} not");
    }
}

#[test]
fn a_server_that_cannot_be_verified_is_not_talked_to() {
    let Ok(certificate) = std::env::var("EXPERIMENT_TEST_POSTGRES_CERTIFICATE") else { return };
    let database = Database::lasting();
    // The certificate is for the address alone, and no authority of this machine has signed it.
    let named = database.url().replace("127.0.0.1", "localhost");
    for (url, query) in [
        (database.url(), "sslmode=verify-full".to_owned()),
        (database.url(), "sslmode=verify-ca".to_owned()),
        (named, format!("sslmode=verify-full&sslrootcert={certificate}")),
    ] {
        let said = refusal(&[("DATABASE_URL", &format!("{url}?{query}"))], &[]);
        assert!(said.contains(" on ") && said.contains("--database "), "{query}: {said}");
    }
}

#[test]
fn a_parameter_that_is_misspelled_is_refused_by_its_name_and_without_its_value() {
    for (query, said) in [
        ("sslmode=require&sslrotcert=/zq7x/ca.pem", "DATABASE_URL has a parameter that is not known: sslrotcert"),
        ("pasword=zq7x", "DATABASE_URL has a parameter that is not known: pasword"),
        ("sslmode=zq7x", "DATABASE_URL must have an sslmode of disable, "),
        ("sslrootcert=/zq7x/ca.pem", "DATABASE_URL names a file in sslrootcert that cannot be opened: "),
    ] {
        let url = format!("postgres://shop:zq7x@127.0.0.1:1/events?{query}");
        let refused = refusal(&[("DATABASE_URL", &url)], &[]);
        assert!(refused.starts_with(said) && !refused.contains("zq7x"), "{refused}");
    }
}

#[test]
fn the_database_is_named_by_a_file_or_by_the_environment_or_by_an_option() {
    let directory = std::env::temp_dir().join(name());
    std::fs::create_dir(&directory).unwrap();
    let at = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let [by_file, by_variable, by_option] = ["file.db", "variable.db", "option.db"].map(at);
    std::fs::write(at("secret"), format!("sqlite:{by_file}\n")).unwrap();
    let starts = |environment: &[(&str, &str)], arguments: &[&str], database: &str| {
        let mut child = server(environment, arguments).spawn().unwrap();
        lines_of(&mut child).recv().unwrap();
        signal(&child, "TERM");
        assert!(ended(&mut child).success());
        assert!(File::open(database).is_ok(), "{database}");
    };
    let variable = [("DATABASE_URL", by_variable.as_str())];
    starts(&variable, &["--database", &by_option], &by_option);
    starts(&variable, &["--database-file", &at("secret")], &by_file);
    assert!(File::open(&by_variable).is_err());
    starts(&variable, &[], &by_variable);
    let said = refusal(&[], &["--database-file", "/nowhere/secret"]);
    assert!(said.starts_with("--database-file /nowhere/secret: "), "{said}");
    std::fs::write(at("secret"), "mysql://shop:zq7x@db/events").unwrap();
    let said = refusal(&[], &["--database-file", &at("secret")]);
    assert!(
        said.starts_with(&format!("--database-file {} must be sqlite:", at("secret"))) && !said.contains("zq7x"),
        "{said}"
    );
    assert!(refusal(&[("DATABASE_URL", "")], &[]).starts_with("DATABASE_URL must be sqlite:"));
    std::fs::remove_dir_all(directory).unwrap();
}
