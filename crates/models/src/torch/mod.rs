//! `pytorch_model.bin`: the files of `torch.save`, both as a zip archive and as the stream of pickles of torch before
//! 1.6, read by a machine that can build tensors and nothing else.
//!
//! Format: `torch/serialization.py` and `torch/_weights_only_unpickler.py`; pickle opcodes: `Lib/pickletools.py`.

mod directory;
mod legacy;
mod pickle;
mod state_dict;
mod zip;

pub(crate) use legacy::Legacy;
pub(crate) use zip::Zip;

use crate::Error;

fn malformed(reason: impl std::fmt::Display) -> Error {
    Error::Weights(format!("the torch file is malformed: {reason}"))
}
