//! Inputs under which a target panicked, kept as files.

use std::fs;
use std::path::PathBuf;

use crate::rng::Rng;

fn folder(name: &str) -> PathBuf {
    // Tests run in their crate's folder; the first `target` above is the workspace's.
    let here = std::env::current_dir().unwrap_or_default();
    let target = here.ancestors().map(|above| above.join("target")).find(|target| target.is_dir());
    target.unwrap_or_else(|| here.join("target")).join("fuzz").join(name)
}

/// Writes an input and says where.
pub(crate) fn write(name: &str, input: &[u8]) -> String {
    let folder = folder(name);
    let text: String = input.iter().map(|byte| char::from(*byte)).collect();
    let file = folder.join(format!("crash-{:016x}", Rng::new(&text).next()));
    match fs::create_dir_all(&folder).and_then(|()| fs::write(&file, input)) {
        Ok(()) => file.display().to_string(),
        Err(error) => format!("{input:02x?} (not written: {error})"),
    }
}

/// The inputs kept from earlier runs, in the order of their names.
pub(crate) fn read(name: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder(name)).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files.iter().filter_map(|file| fs::read(file).ok()).collect()
}
