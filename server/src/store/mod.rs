//! What the server remembers: events, people and their properties, flags. Nothing here decides what an event means.

mod ahead;
mod engine;
mod failure;
mod flags;
mod ground;
mod group;
mod people;
#[cfg(test)]
mod permutations;
mod reading;
mod returns;
mod rows;
mod usage;
mod writing;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use engine::{Engine, Result};
pub use failure::Failure;
pub use flags::StoredFlag;
pub use ground::{Arrival, Verdict};
pub use reading::{EventFilter, PersonView};

/// The database.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
    updates: ground::Meters,
    /// Whether the last group of events was stored.
    stores: Arc<AtomicBool>,
}

impl Store {
    /// Opens the database and makes its tables where there are none.
    pub async fn open(url: &str) -> Result<Self> {
        let engine = Engine::open(url).await?;
        engine.create().await?;
        Ok(Self { engine, updates: ground::Meters::default(), stores: Arc::new(AtomicBool::new(true)) })
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
