//! What commands read: a file, or standard input.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;

/// What is given to a command to read.
pub(crate) struct Input {
    /// How it is called in messages.
    pub(crate) name: String,
    /// Its content.
    pub(crate) reader: Box<dyn BufRead>,
}

/// Something cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// Neither a file is named nor anything piped in.
    #[error("nothing to read: name a file, or pipe it in (`-` takes what is typed)")]
    Nothing,
    /// The file or the pipe cannot be read.
    #[error("{name} cannot be read")]
    Read {
        /// Which.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It is longer than what is read.
    #[error("{name} is longer than {limit_mebibytes} MiB; {advice}")]
    TooLong {
        /// Which.
        name: String,
        /// How much is read.
        limit_mebibytes: usize,
        /// What to do.
        advice: &'static str,
    },
}

impl Input {
    /// Opens a file; standard input for `-`, or when nothing is named and something is piped in.
    ///
    /// # Errors
    /// When there is nothing, or the file cannot be opened.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, InputError> {
        let file = match path {
            None if io::stdin().is_terminal() => return Err(InputError::Nothing),
            None => return Ok(Self::standard()),
            Some(path) if path == Path::new("-") => return Ok(Self::standard()),
            Some(path) => path,
        };
        let name = file.display().to_string();
        match File::open(file) {
            Ok(opened) => Ok(Self { name, reader: Box::new(BufReader::new(opened)) }),
            Err(source) => Err(InputError::Read { name, source }),
        }
    }

    fn standard() -> Self {
        Self { name: "standard input".to_owned(), reader: Box::new(BufReader::new(io::stdin())) }
    }

    /// Reads all of it, up to a limit; `advice` says what to do when it is longer.
    ///
    /// # Errors
    /// When it cannot be read or is longer.
    pub(crate) fn read_whole(
        self,
        limit_mebibytes: usize,
        advice: &'static str,
    ) -> Result<Vec<u8>, InputError> {
        let limit = limit_mebibytes.saturating_mul(1024 * 1024);
        let mut bytes = Vec::new();
        let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        match self.reader.take(one_more).read_to_end(&mut bytes) {
            Ok(_) if bytes.len() > limit => {
                Err(InputError::TooLong { name: self.name, limit_mebibytes, advice })
            }
            Ok(_) => Ok(bytes),
            Err(source) => Err(InputError::Read { name: self.name, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &[u8]) -> Input {
        Input { name: "a.txt".to_owned(), reader: Box::new(io::Cursor::new(text.to_vec())) }
    }

    #[test]
    fn reads_up_to_the_limit_and_not_beyond() {
        let whole = vec![b'x'; 1024 * 1024];
        assert_eq!(input(&whole).read_whole(1, "cut it").unwrap().len(), whole.len());
        let error = input(&[whole, b"x".to_vec()].concat()).read_whole(1, "cut it").unwrap_err();
        assert_eq!(error.to_string(), "a.txt is longer than 1 MiB; cut it");
    }

    #[test]
    fn names_the_file_that_is_not_there() {
        let error = Input::open(Some(Path::new("no/such/file.json"))).err().unwrap();
        assert_eq!(error.to_string(), "no/such/file.json cannot be read");
    }
}
