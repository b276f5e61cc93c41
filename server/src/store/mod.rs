//! What the server remembers: events, people and their properties, flags. Nothing here decides what an event means.

mod ahead;
mod engine;
mod failure;
mod flags;
mod ground;
mod group;
mod location;
mod people;
#[cfg(test)]
mod permutations;
mod reading;
mod returns;
mod rows;
mod usage;
mod writing;

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use engine::{Engine, Result};
pub use failure::Failure;
pub use flags::{Put, StoredFlag, StoredFlags};
use location::Location;

pub use ground::{Arrival, Verdict};
pub use reading::{EventFilter, PersonView};

/// The database.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    updates: ground::Meters,
    /// Whether the last group of events was stored.
    stores: Arc<AtomicBool>,
    location: Arc<Location>,
}

impl Store {
    /// Opens the database and makes its tables where there are none. An error says which database it is.
    pub async fn open(url: &str) -> std::result::Result<Self, Box<dyn Error>> {
        let location = Location::of(url)?;
        let opened = Engine::open(&location).await;
        let engine = opened.map_err(|error| failed(&location, &error))?;
        let (stores, location) = (Arc::new(AtomicBool::new(true)), Arc::new(location));
        Ok(Self { engine, updates: ground::Meters::default(), stores, location })
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
        self.engine.rows(rows::sql("SELECT 1"), Vec::new()).await.map(drop)
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

fn failed(location: &Location, error: &sqlx::Error) -> Box<dyn Error> {
    format!("--database {location}: {}", Failure(error)).into()
}
