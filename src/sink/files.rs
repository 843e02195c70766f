//! `files:DIR`: one `<kind>.jsonl` a kind.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Batch, Existing, Sink, SinkOptions, Written};
use crate::error::{Error, Result};
use crate::source::{Location, Place};

/// One file a kind, a record a line; a null message is a line that reads `null`.
#[derive(Debug)]
pub struct Files {
    dir: PathBuf,
    files: Vec<(PathBuf, File)>,
    durable: bool,
}

impl Files {
    /// Opens `<kind>.jsonl` in a folder, which is made if missing.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL that is no local folder, [`Error::Sink`] if a file holds
    /// records already and nothing was said about that.
    pub fn create(dir: &str, kinds: &[&str], options: &SinkOptions) -> Result<Self> {
        let Place::Local(dir) = Location::parse(dir)?.place else {
            return Err(Error::Config(format!(
                "files:{dir}: files go to a local folder; for S3 use landing:{dir}"
            )));
        };
        fs::create_dir_all(&dir).map_err(|error| Error::cannot_write(&dir, &error))?;
        let existing = options.existing.unwrap_or(Existing::Refuse);
        let mut files = Vec::new();
        // Nothing is opened for writing before all of them may be.
        for kind in kinds {
            let path = dir.join(format!("{kind}.jsonl"));
            let taken = fs::metadata(&path).is_ok_and(|file| file.len() > 0);
            if taken && existing == Existing::Refuse {
                return Err(Error::Sink(format!(
                    "{} holds records already: choose another folder, append or replace",
                    path.display()
                )));
            }
            files.push(path);
        }
        let files = files
            .into_iter()
            .map(|path| {
                let file = open(&path, existing).map_err(|error| Error::cannot_write(&path, &error))?;
                Ok((path, file))
            })
            .collect::<Result<_>>()?;
        Ok(Self { dir, files, durable: options.durable })
    }
}

fn open(path: &Path, existing: Existing) -> std::io::Result<File> {
    let replace = existing == Existing::Replace;
    let mut file = OpenOptions::new().create(true).write(true).read(true).truncate(replace).open(path)?;
    if file.seek(SeekFrom::End(0))? > 0 {
        // A last line without newline must not swallow the first new record.
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

impl Sink for Files {
    fn write(&mut self, batch: &Batch) -> Result<Written> {
        for ((path, file), values) in self.files.iter_mut().zip(&batch.values) {
            file.write_all(values).map_err(|error| Error::cannot_write(path, &error))?;
        }
        let (records, bytes) = (batch.entries.len() as u64, batch.bytes() as u64);
        Ok(Written { records, bytes, ..Written::default() })
    }

    fn finish(&mut self) -> Result<Written> {
        for (path, file) in &self.files {
            if self.durable {
                file.sync_all().map_err(|error| Error::cannot_write(path, &error))?;
            }
        }
        Ok(Written { objects: self.files.len() as u64, ..Written::default() })
    }

    fn place(&self) -> String {
        self.dir.display().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Entry;
    use super::*;

    fn write(dir: &Path, existing: Option<Existing>, text: &str) -> Result<()> {
        let options = SinkOptions { existing, ..SinkOptions::default() };
        let mut files = Files::create(dir.to_str().unwrap(), &["pin", "geo"], &options)?;
        let mut batch = Batch::default();
        batch.clear(2);
        batch.values[0].extend_from_slice(text.as_bytes());
        batch.close(Entry::new(0, 1), 0);
        files.write(&batch)?;
        files.finish().map(drop)
    }

    #[test]
    fn what_stands_there_is_kept_unless_told_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let pin = dir.path().join("pin.jsonl");
        write(dir.path(), None, "a").unwrap();
        let error = write(dir.path(), None, "b").unwrap_err();
        assert!(error.to_string().contains("holds records already"), "{error}");
        assert_eq!(fs::read_to_string(&pin).unwrap(), "a\n");
        fs::write(&pin, "a").unwrap();
        write(dir.path(), Some(Existing::Append), "b").unwrap();
        assert_eq!(fs::read_to_string(&pin).unwrap(), "a\nb\n");
        write(dir.path(), Some(Existing::Replace), "c").unwrap();
        assert_eq!(fs::read_to_string(&pin).unwrap(), "c\n");
        assert_eq!(fs::read_to_string(dir.path().join("geo.jsonl")).unwrap(), "");
    }
}
