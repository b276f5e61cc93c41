//! The store: events, people and their properties, flags. It does not decide what an event means.

mod background;
mod batch;
mod bulk;
pub mod conversion;
pub mod copy;
pub mod deletion;
mod engine;
mod event_page;
mod event_text;
pub mod experiment_names;
mod failure;
mod flags;
pub mod free_pages;
pub mod freeing;
mod ids;
mod kept_usage;
mod known_events;
mod loading;
mod location;
mod reading;
pub mod retention;
mod returns;
mod saving;
mod schema;
mod sqlite_file;
mod sqlite_write;
mod states;
mod turns;
mod unneeded;
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
pub use loading::MOST_TRANSACTION_BYTES;
pub use location::Location;
use schema::Unusable;

pub use event_page::{EventFilter, Span};
pub use reading::Who;
pub use usage::Usage;

/// The database.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    updates: UpdateMeter,
    /// Whether the last group of events was stored.
    stores: Arc<AtomicBool>,
    /// Whether every row of an earlier version is converted.
    is_converted: Arc<AtomicBool>,
    location: Arc<Location>,
}

impl Store {
    /// Opens the database and brings its tables to this version. An error says which database it is.
    pub async fn open(url: &str) -> std::result::Result<Self, Box<dyn Error>> {
        let location = Location::of(url)?;
        let engine = open(&location).await.map_err(|error| format!("--database {location}: {error}"))?;
        let (stores, is_converted) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        Ok(Self { engine, updates: UpdateMeter::default(), stores, is_converted, location: Arc::new(location) })
    }

    /// The same error; one of the database says which database it is, and nothing that the database says of values.
    pub fn named(&self, error: Box<dyn Error>) -> Box<dyn Error> {
        match error.downcast_ref() {
            Some(failure) => failed(&self.location, failure),
            None => error,
        }
    }

    /// Whether everything is gone when the process ends.
    pub fn forgets(&self) -> bool {
        self.location.is_in_memory()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        self.engine.ping().await
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

async fn open(location: &Location) -> std::result::Result<Engine, Unusable> {
    schema::check(location).await?;
    let engine = Engine::open(location).await?;
    schema::migrate(&engine).await?;
    Ok(engine)
}

fn failed(location: &Location, error: &sqlx::Error) -> Box<dyn Error> {
    format!("--database {location}: {}", Failure(error)).into()
}
