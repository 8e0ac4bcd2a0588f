//! A model file of SentencePiece: the part of its protobuf schema that makes a tokenizer.

/// What `sentencepiece_model.proto` says of a model.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SentencePiece {
    /// Text, score and type of each piece.
    pub pieces: Vec<(String, f64, u64)>,
    /// Unigram; otherwise BPE.
    pub unigram: bool,
    pub byte_fallback: bool,
    pub unk_id: u64,
    /// Beginning, end and unknown, where the model has them.
    pub named: [Option<String>; 3],
    /// `normalizer_spec.precompiled_charsmap`; empty where there is none.
    pub charsmap: Vec<u8>,
}

/// A piece of text.
pub(super) const NORMAL: u64 = 1;
/// A piece that stands for itself in a text but is no part of it, for instance `</s>`.
pub(super) const CONTROL: u64 = 3;
/// A piece that a user added.
pub(super) const USER_DEFINED: u64 = 4;

const UNIGRAM: u64 = 1;
const MOST_PIECES: usize = 1 << 22;

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Four([u8; 4]),
    Other,
}

impl SentencePiece {
    /// Reads a model file; what is wrong with it, in words.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut model = Self {
            pieces: Vec::new(),
            unigram: true,
            byte_fallback: false,
            unk_id: 0,
            named: ["<s>", "</s>", "<unk>"].map(|text| Some(text.to_owned())),
            charsmap: Vec::new(),
        };
        let mut has = [true; 3];
        each_field(bytes, |number, field| {
            match (number, field) {
                (1, Field::Bytes(piece)) if model.pieces.len() < MOST_PIECES => {
                    let piece = read_piece(piece)?;
                    model.pieces.push(piece);
                }
                (1, _) => return Err("its pieces are not pieces"),
                (2, Field::Bytes(trainer)) => each_field(trainer, |number, field| {
                    match (number, field) {
                        (3, Field::Number(kind)) if kind == UNIGRAM || kind == 2 => model.unigram = kind == UNIGRAM,
                        (3, _) => return Err("its model is neither unigram nor BPE"),
                        (35, Field::Number(flag)) => model.byte_fallback = flag != 0,
                        (40, Field::Number(id)) => (has[2], model.unk_id) = (is_id(id), id),
                        (41, Field::Number(id)) => has[0] = is_id(id),
                        (42, Field::Number(id)) => has[1] = is_id(id),
                        (45, Field::Bytes(piece)) => model.named[2] = Some(text(piece)?),
                        (46, Field::Bytes(piece)) => model.named[0] = Some(text(piece)?),
                        (47, Field::Bytes(piece)) => model.named[1] = Some(text(piece)?),
                        _ => {}
                    }
                    Ok(())
                })?,
                (3, Field::Bytes(normalizer)) => each_field(normalizer, |number, field| {
                    if let (2, Field::Bytes(charsmap)) = (number, field) {
                        model.charsmap = charsmap.to_vec();
                    }
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })?;
        for (named, has) in model.named.iter_mut().zip(has) {
            *named = named.take().filter(|_| has);
        }
        if model.pieces.is_empty() { Err("it has no pieces") } else { Ok(model) }
    }
}

/// Whether a number is an id; the others are negative ones.
fn is_id(number: u64) -> bool {
    i64::try_from(number).is_ok()
}

fn read_piece(bytes: &[u8]) -> Result<(String, f64, u64), &'static str> {
    let (mut piece, mut score, mut kind) = (String::new(), 0.0, NORMAL);
    each_field(bytes, |number, field| {
        match (number, field) {
            (1, Field::Bytes(bytes)) => piece = text(bytes)?,
            (2, Field::Four(bytes)) => score = f64::from(f32::from_le_bytes(bytes)),
            (3, Field::Number(number)) => kind = number,
            _ => {}
        }
        Ok(())
    })?;
    if score.is_finite() { Ok((piece, score, kind)) } else { Err("a score is not a number") }
}

fn text(bytes: &[u8]) -> Result<String, &'static str> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a piece is not UTF-8")
}

/// Walks over the fields of a message (the wire format of protobuf).
fn each_field<'a>(
    mut bytes: &'a [u8],
    mut take: impl FnMut(u64, Field<'a>) -> Result<(), &'static str>,
) -> Result<(), &'static str> {
    const CUT: &str = "it is cut off";
    while !bytes.is_empty() {
        let key = varint(&mut bytes).ok_or(CUT)?;
        let field = match key & 7 {
            0 => Field::Number(varint(&mut bytes).ok_or(CUT)?),
            1 => {
                bytes = bytes.get(8..).ok_or(CUT)?;
                Field::Other
            }
            2 => {
                let length = varint(&mut bytes).and_then(|length| usize::try_from(length).ok()).ok_or(CUT)?;
                let (field, rest) = bytes.split_at_checked(length).ok_or(CUT)?;
                bytes = rest;
                Field::Bytes(field)
            }
            5 => {
                let (field, rest) = bytes.split_first_chunk::<4>().ok_or(CUT)?;
                bytes = rest;
                Field::Four(*field)
            }
            _ => return Err("it is no protobuf message"),
        };
        take(key >> 3, field)?;
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
