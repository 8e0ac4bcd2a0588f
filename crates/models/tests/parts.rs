//! A model that is built before its tables have come: rows arrive as texts need them, and the answers are the same.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the files are the tests' own")]

mod tiny;

use futures_executor::block_on;
use tiny::{GoOn, folder};
use vitrine_models::{
    Architecture, Batch, Config, Encoder, Error, Head, LateTable, Resident, Result, TensorInfo, WeightsReader,
    architecture,
};

const IDS: [u32; 5] = [2, 9, 30, 9, 3];

struct Checkpoint {
    architecture: &'static Architecture,
    config: Config,
    bytes: Vec<u8>,
}

impl Checkpoint {
    fn of(model_type: &str, head: Head) -> Self {
        let config = Config::parse(format!(r#"{{"model_type": "{model_type}"}}"#).as_bytes()).unwrap();
        let architecture = architecture(&config).unwrap();
        let folder = folder(architecture, head);
        let config = Config::parse(&std::fs::read(folder.join("config.json")).unwrap()).unwrap();
        Self { architecture, config, bytes: std::fs::read(folder.join("model.safetensors")).unwrap() }
    }

    fn reader(&self, resident: Resident, head: Head) -> WeightsReader<'_> {
        let mut reader = WeightsReader::new(resident, |_| true);
        reader.ask(move |tensors: &[TensorInfo]| {
            let shapes = tensors.iter().map(|tensor| (tensor.name.clone(), Some(tensor.shape.clone())));
            self.architecture.ask(&self.config, head, shapes, 1)
        });
        reader.begin_file(Some(self.bytes.len() as u64));
        reader
    }

    fn whole(&self, resident: Resident, head: Head) -> Encoder {
        let mut reader = self.reader(resident, head);
        reader.write(&self.bytes).unwrap();
        reader.end_file().unwrap();
        let weights = reader.finish(self.architecture.prefix);
        self.architecture.load(&self.config, head, &weights).unwrap()
    }

    /// The model without its late tables, which need at least `least` bytes; the parts come in turns of 100 bytes.
    fn without_tables(&self, resident: Resident, head: Head, least: u64) -> Result<(Encoder, Vec<LateTable>, u64)> {
        let mut reader = self.reader(resident, head);
        let header = 8 + u64::from_le_bytes(*self.bytes.first_chunk().unwrap()) as usize;
        reader.write(&self.bytes[..header])?;
        let parts = reader.parts(least).unwrap().unwrap();
        let mut pieces: Vec<(u64, &[u8])> = Vec::new();
        for part in &parts.needed {
            let bytes = &self.bytes[part.start as usize..part.end as usize];
            pieces.extend(bytes.chunks(100).enumerate().map(|(index, piece)| (part.start + 100 * index as u64, piece)));
        }
        // Parts come side by side: the first piece of each, then the second of each.
        pieces.sort_by_key(|(offset, _)| {
            let part = parts.needed.iter().find(|part| part.contains(offset)).unwrap();
            (offset - part.start, part.start)
        });
        for (offset, piece) in pieces {
            reader.write_part(offset, piece)?;
        }
        let late = reader.end_parts()?;
        let weights = reader.finish(self.architecture.prefix);
        Ok((self.architecture.load(&self.config, head, &weights)?, late, parts.later))
    }
}

fn states(encoder: &Encoder, ids: &[u32]) -> Result<Vec<f32>> {
    let types = vec![0; ids.len()];
    block_on(encoder.hidden_states(&Batch::new(&[(ids, &types)], 0), &GoOn))
}

#[test]
fn rows_come_as_texts_need_them() {
    for (model_type, resident) in [
        ("bert", Resident::F32),
        ("bert", Resident::F16),
        ("bert", Resident::Bf16),
        ("bert", Resident::Q8),
        ("t5", Resident::F32),
        ("modernbert", Resident::F32),
    ] {
        let checkpoint = Checkpoint::of(model_type, Head::None);
        let expected = states(&checkpoint.whole(resident, Head::None), &IDS).unwrap();
        let (encoder, late, later) = checkpoint.without_tables(resident, Head::None, 1).unwrap();
        assert!(!late.is_empty() && later > 0, "{model_type} has a table");
        let mut fetched = 0;
        let found = loop {
            match states(&encoder, &IDS) {
                Err(Error::MissingRows) => {}
                other => break other.unwrap(),
            }
            let wanted: Vec<_> =
                late.iter().flat_map(|table| table.wanted().into_iter().map(move |row| (table, row))).collect();
            assert!(!wanted.is_empty(), "{model_type}: what is missing is named");
            for (table, row) in wanted {
                let range = table.range_of(row);
                fetched += range.end - range.start;
                table.fill(range.start, &checkpoint.bytes[range.start as usize..range.end as usize]);
            }
        };
        assert_eq!(found, expected, "{model_type} in {resident:?}");
        assert!(fetched < later, "{model_type}: {fetched} of {later} bytes");
    }
}

#[test]
fn the_rest_may_come_at_once() {
    let checkpoint = Checkpoint::of("bert", Head::None);
    let (encoder, late, _) = checkpoint.without_tables(Resident::F32, Head::None, 1).unwrap();
    for table in &late {
        let range = table.range();
        table.fill(range.start, &checkpoint.bytes[range.start as usize..range.end as usize]);
    }
    let ids: Vec<u32> = (0..16).collect();
    assert_eq!(states(&encoder, &ids).unwrap(), states(&checkpoint.whole(Resident::F32, Head::None), &ids).unwrap());
}

#[test]
fn a_table_that_is_a_matrix_too_comes_with_the_rest() {
    let checkpoint = Checkpoint::of("bert", Head::MaskedLm);
    let (encoder, late, _) = checkpoint.without_tables(Resident::F32, Head::MaskedLm, 1).unwrap();
    let whole = checkpoint.whole(Resident::F32, Head::MaskedLm);
    let words = late.iter().map(|table| table.range().end - table.range().start).max().unwrap_or(0);
    let vocabulary = checkpoint.config.get("vocab_size").as_u64().unwrap();
    let hidden = checkpoint.config.get("hidden_size").as_u64().unwrap();
    assert!(words < 4 * vocabulary * hidden, "the words' table is the head's matrix");
    for table in &late {
        let range = table.range();
        table.fill(range.start, &checkpoint.bytes[range.start as usize..range.end as usize]);
    }
    assert_eq!(states(&encoder, &IDS).unwrap(), states(&whole, &IDS).unwrap());
}

#[test]
fn small_tables_do_not_come_later() {
    let checkpoint = Checkpoint::of("bert", Head::None);
    let (encoder, late, later) = checkpoint.without_tables(Resident::F32, Head::None, 1 << 30).unwrap();
    assert!(late.is_empty() && later == 0);
    assert_eq!(states(&encoder, &IDS).unwrap(), states(&checkpoint.whole(Resident::F32, Head::None), &IDS).unwrap());
}

#[test]
fn a_part_that_did_not_come_is_missed() {
    let checkpoint = Checkpoint::of("bert", Head::None);
    let mut reader = checkpoint.reader(Resident::F32, Head::None);
    let header = 8 + u64::from_le_bytes(*checkpoint.bytes.first_chunk().unwrap()) as usize;
    reader.write(&checkpoint.bytes[..header]).unwrap();
    let parts = reader.parts(1 << 30).unwrap().unwrap();
    let last = parts.needed.last().unwrap();
    reader.write_part(header as u64, &checkpoint.bytes[header..last.end as usize - 4]).unwrap();
    assert!(matches!(reader.end_parts(), Err(Error::Weights(_))));
}
