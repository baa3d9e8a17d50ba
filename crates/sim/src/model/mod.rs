//! placeholder
use crate::Violation;
use engine::Engine;
use types::{AssetCode, Entry, Event};
#[derive(Debug)]
pub struct Model;
impl Model {
    pub fn new(_: AssetCode, _: u8) -> Model {
        Model
    }
    pub fn follow(&mut self, _: &Entry, _: &[Event]) -> Result<(), Violation> {
        Ok(())
    }
    pub fn compare(&self, _: &Engine) -> Result<(), Violation> {
        Ok(())
    }
}
