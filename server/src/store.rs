//! What the server remembers: events, people and their properties, flags. Nothing here decides what an event means.

mod batch;
mod bulk;
mod engine;
mod failure;
mod flags;
mod location;
mod reading;
mod returns;
mod sqlite_write;
mod usage;
mod wal;
pub mod writer;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use experiment_ingestion::batch::UpdateMeter;

use engine::Engine;
pub use failure::{Failure, Result};
pub use flags::{Put, StoredFlag, StoredFlags};
use location::Location;

pub use reading::{EventFilter, PersonView};

/// The database.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    updates: UpdateMeter,
    /// Whether the last group of events was stored.
    stores: Arc<AtomicBool>,
    forgets: bool,
}

impl Store {
    /// Opens the database and makes its tables where there are none. An error says which database it is.
    pub async fn open(url: &str) -> std::result::Result<Self, Box<dyn Error>> {
        let location = Location::of(url)?;
        let opened = Engine::open(&location).await;
        let engine = opened.map_err(|error| format!("--database {location}: {}", Failure(&error)))?;
        let stores = Arc::new(AtomicBool::new(true));
        Ok(Self { engine, updates: UpdateMeter::default(), stores, forgets: location.is_in_memory() })
    }

    /// Whether everything is gone when the process ends.
    pub fn forgets(&self) -> bool {
        self.forgets
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.engine.rows(bulk::sql("SELECT 1"), Vec::new()).await.map(drop)
    }

    /// Whether events were stored when it was last tried.
    pub fn stores(&self) -> bool {
        self.stores.load(Ordering::Relaxed)
    }

    /// Closes the database after everything that was begun.
    pub async fn close(&self) {
        self.engine.close().await;
    }
}
