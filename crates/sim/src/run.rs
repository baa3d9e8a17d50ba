//! One seed, from its setup to what came of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::Violation;
use crate::report::Report;
use crate::setup::Setup;
use crate::story::Story;
use crate::world::World;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The first broken promise.
    pub violation: Option<Violation>,
    /// What happened, in numbers.
    pub report: Report,
    /// What happened, in words.
    pub story: Story,
}

/// Runs a world. The files of its disks are in a directory of its own, in memory where the
/// system has that.
pub fn run(setup: &Setup) -> std::io::Result<Outcome> {
    let memory = std::path::Path::new("/dev/shm");
    let scratch = match memory.is_dir() {
        true => tempfile::tempdir_in(memory),
        false => tempfile::tempdir(),
    }?;
    let mut world = World::new(setup.clone(), scratch.path().to_path_buf())?;
    let ran = catch_unwind(AssertUnwindSafe(|| world.run()));
    let violation = match ran {
        Ok(ran) => ran.err(),
        Err(panic) => Some(Violation::new("PANIC", panic_words(panic.as_ref()))),
    };
    world.report.lasted = world.seconds();
    Ok(Outcome { violation, report: world.report.clone(), story: world.story.clone() })
}

/// What a panic said.
pub(crate) fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "no words".into())
}
