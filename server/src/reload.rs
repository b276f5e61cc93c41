//! SIGHUP: the configuration is read again and takes the place of the one in force, without a restart and without
//! breaking a request. One that is wrong changes nothing.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::block_in_place;

use crate::app::App;
use crate::config;

/// The requests to read the configuration again.
pub struct Reloads(Signal);

impl Reloads {
    /// Hears them from now on, also under `nohup`, which starts programs with SIGHUP ignored.
    pub fn listen() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::hangup())?))
    }

    /// Reads the configuration at each request. Those that come while it is read are one.
    pub async fn follow(mut self, app: Arc<App>, path: PathBuf) {
        while self.0.recv().await.is_some() {
            match reload(&app, &path).await {
                Ok(projects) => tracing::info!(projects, "the configuration was read again and is in force"),
                Err(error) => tracing::error!(%error, "the configuration was read again, and the one before stays"),
            }
        }
    }
}

async fn reload(app: &App, path: &Path) -> Result<usize, Box<dyn Error>> {
    let config = block_in_place(|| config::load(path))?;
    let projects = config.len();
    let outcome = app.configure(config).await;
    outcome.map_err(|error| config::located(path, app.store.named(error)))?;
    Ok(projects)
}
