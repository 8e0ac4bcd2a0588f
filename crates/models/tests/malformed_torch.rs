//! `pytorch_model.bin` files that contradict themselves or want to run something: each ends in an error that names it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where its own data is wrong")]

mod torch_files;

use torch_files::*;

fn good() -> Zip {
    zip(&one(0, &[2, 3], &[3, 1]), &[("0", SIX)])
}

fn with_value(value: &[u8]) -> Vec<u8> {
    zip(&state_dict(&[("a", value.to_vec())]), &[]).finish()
}

fn with_entry(change: &dyn Fn(&mut Vec<u8>, &mut Vec<u8>)) -> Vec<u8> {
    good().entry_with("m/version", b"3\n", change).finish()
}

/// Replaces bytes of both headers, given the place in the local one and in the central one.
fn patch(local_at: usize, central_at: usize, field: &'static [u8]) -> impl Fn(&mut Vec<u8>, &mut Vec<u8>) {
    move |local, central| {
        local[local_at..local_at + field.len()].copy_from_slice(field);
        central[central_at..central_at + field.len()].copy_from_slice(field);
    }
}

fn bad_pickles() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let reduce = |module: &str, name: &str| with_value(&call(global(module, name), &[text("id")]));
    let raw = |pickle: &[u8]| zip(pickle, &[]).finish();
    let of_storage = |start, shape: &[i64], strides: &[i64]| zip(&one(start, shape, strides), &[("0", SIX)]).finish();
    let size = |kind, numbers| zip(&state_dict(&[("a", storage(kind, "0", numbers, false))]), &[("0", SIX)]).finish();
    let two_sizes = tuple(&[storage("FloatStorage", "0", 6, false), storage("FloatStorage", "0", 5, false)]);
    let two_dtypes = tuple(&[storage("FloatStorage", "0", 6, false), storage("LongStorage", "0", 6, false)]);
    let a = tensor(storage("FloatStorage", "0", 6, false), 0, &[6], &[1]);
    vec![
        ("a call of os.system", reduce("os", "system"), "`os.system`"),
        ("a call of posix.system", reduce("posix", "system"), "`posix.system`"),
        ("a call of eval", reduce("builtins", "eval"), "`builtins.eval`"),
        ("a call of Python 2's eval", reduce("__builtin__", "eval"), "`__builtin__.eval`"),
        ("a call of getattr", reduce("builtins", "getattr"), "`builtins.getattr`"),
        ("a name that is only named", with_value(&global("subprocess", "Popen")), "`subprocess.Popen`"),
        ("a class of transformers", with_value(&global("transformers", "BertModel")), "`transformers.BertModel`"),
        ("a function of torch that loads", reduce("torch", "load"), "`torch.load`"),
        ("a name with a line's end", with_value(b"ctorch\nload\r\n"), "`torch.load\\r`"),
        ("a name of another module's storage", reduce("os", "FloatStorage"), "`os.FloatStorage`"),
        ("a whole model", raw(&pickle(&global("__main__", "Net"))), "`__main__.Net`"),
        ("a new object", with_value(b"ccollections\nOrderedDict\n)\x81"), "opcode 0x81"),
        ("a stack global of protocol 4", with_value(&[text("os"), text("system"), b"\x93".to_vec()].concat()), "0x93"),
        ("a frame of protocol 4", raw(b"\x80\x04\x95\0\0\0\0\0\0\0\0."), "opcode 0x95"),
        ("an instance of protocol 0", raw(b"(ios\nsystem\n."), "opcode 0x69"),
        ("an extension", raw(b"\x82\x01."), "opcode 0x82"),
        ("a buffer out of band", raw(b"\x80\x05\x97."), "opcode 0x97"),
        ("a state for a tensor", with_value(&[a.clone(), b"}b".to_vec()].concat()), "gives a state"),
        ("an item of a tuple", raw(&pickle(b")NNs")), "sets an item"),
        ("half an item", raw(&pickle(b"}(Nu")), "sets an item"),
        ("an item of a dict's list", raw(&pickle(b"}Na")), "appends"),
        ("a call of no function", raw(&pickle(b"N)R")), "no function"),
        ("a call without a tuple", with_value(b"ccollections\nOrderedDict\nNR"), "no function"),
        ("an empty stack", raw(b"R."), "empty stack"),
        ("nothing but the end", raw(b"."), "empty stack"),
        ("a mark that was never set", raw(b"t."), "never set"),
        ("a value below a mark", raw(b"\x80\x02N(."), "empty stack"),
        ("a value that was never kept", raw(b"h\x07."), "never kept"),
        ("a list instead of a dict", raw(&pickle(b"]")), "no state dict"),
        ("a text that is no UTF-8", raw(&pickle(b"X\x01\0\0\0\xff")), "not UTF-8"),
        ("a text of 4 GB", raw(&pickle(b"X\xff\xff\xff\xff")), "longer than any"),
        ("a name without an end", raw(&pickle(&[b"c", [b'a'; 600].as_slice()].concat())), "longer than any"),
        ("a number of 9 bytes", raw(&pickle(b"\x8a\x09\0\0\0\0\0\0\0\0\x01")), "beyond all bounds"),
        ("three million values", raw(&pickle(&[b'N'; 3_000_000])), "more opcodes"),
        (
            "a million tuples in each other",
            raw(&pickle(&[b"N".to_vec(), vec![0x85; 1_000_000]].concat())),
            "no state dict",
        ),
        (
            "a memo that doubles",
            raw(&pickle(&[b"Nq\0".to_vec(), b"h\0h\0\x86q\0".repeat(600_000)].concat())),
            "more opcodes",
        ),
        (
            "a name twice",
            zip(&state_dict(&[("a", a.clone()), ("a", a.clone())]), &[("0", SIX)]).finish(),
            "occurs twice",
        ),
        ("a storage of two sizes", with_value(&two_sizes), "two sizes"),
        ("a storage of two formats", with_value(&two_dtypes), "two sizes"),
        ("a storage of 2^62 numbers", size("FloatStorage", 1 << 62), "beyond all bounds"),
        ("a storage of 2^50 numbers", size("FloatStorage", 1 << 50), "more bytes than it has"),
        ("a storage of -1 numbers", size("FloatStorage", -1), "in another way"),
        ("a storage of another size", size("FloatStorage", 5), "of another size"),
        ("a storage of an unknown format", size("QInt8Storage", 6), "`torch.QInt8Storage`"),
        ("an id that is no tuple", with_value(b"NQ"), "in another way"),
        (
            "an id of another kind",
            with_value(&[tuple(&[text("module"), text("x")]), b"Q".to_vec()].concat()),
            "another way",
        ),
        ("a shape beyond the storage", of_storage(0, &[7], &[1]), "7 numbers of a storage of 6"),
        ("a start beyond the storage", of_storage(6, &[1], &[1]), "7 numbers of a storage of 6"),
        ("strides beyond the storage", of_storage(0, &[2, 3], &[4, 1]), "7 numbers of a storage of 6"),
        ("a negative start", of_storage(-1, &[1], &[1]), "other arguments"),
        ("a negative size", of_storage(0, &[-1], &[1]), "other arguments"),
        ("a negative stride", of_storage(5, &[6], &[-1]), "other arguments"),
        ("more sizes than strides", of_storage(0, &[1, 1], &[1]), "do not fit"),
        ("a shape whose product wraps", of_storage(0, &[1 << 33, 1 << 33], &[0, 0]), "do not fit"),
        ("strides whose product wraps", of_storage(0, &[3, 3], &[i64::MAX, i64::MAX]), "do not fit"),
        ("a start that wraps", of_storage(i64::MAX, &[3], &[i64::MAX]), "do not fit"),
        ("more numbers than the storage", of_storage(0, &[1 << 40], &[0]), "more numbers than its storage"),
        ("a tensor of no storage", with_value(&tensor(b"N".to_vec(), 0, &[1], &[1])), "other arguments"),
    ]
}

fn bad_archives() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let without_end = {
        let zip = good();
        [zip.bytes, zip.central].concat()
    };
    let zip64 = |size: u64, stored: u64| {
        let extra = [b"\x01\0\x10\0", size.to_le_bytes().as_slice(), &stored.to_le_bytes()].concat();
        with_entry(&move |local, _| {
            local[18..26].fill(0xff);
            local[28] = 20;
            local.extend_from_slice(&extra);
        })
    };
    let pickle = one(0, &[2, 3], &[3, 1]);
    let described = |size| Zip::default().described("m/data.pkl", &pickle, size).entry("m/data/0", SIX).finish();
    assert_eq!(read(&described(pickle.len()), 7).unwrap(), 24);
    let byte_order = |order: &[u8]| {
        Zip::default().described("m/data.pkl", &pickle, pickle.len()).described("m/byteorder", order, order.len())
    };
    vec![
        ("an empty file", Vec::new(), "too soon"),
        ("no known format", b"<!DOCTYPE html><html>".to_vec(), "no known format"),
        ("a pointer of Git LFS", b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "no known format"),
        ("a tar file of torch 0.1", [b"sys_info".to_vec(), vec![0; 512]].concat(), "no known format"),
        ("no end", without_end, "too soon"),
        ("no directory", good().bytes, "too soon"),
        ("bytes after the end", [good().finish(), vec![0]].concat(), "longer than its zip archive"),
        ("two ends", [good().finish(), good().finish()].concat(), "longer than its zip archive"),
        ("an entry twice", good().entry("m/data/0", SIX).finish(), "occurs twice"),
        ("two pickles", good().entry("m/data.pkl", &pickle).finish(), "occurs twice"),
        ("no pickle", Zip::default().entry("m/data/0", SIX).finish(), "no data.pkl"),
        (
            "a pickle in another folder",
            Zip::default().entry("a/x", b"").entry("b/data.pkl", &pickle).finish(),
            "no data.pkl",
        ),
        ("a pickle without a folder", Zip::default().entry("data.pkl", &pickle).finish(), "no data.pkl"),
        ("a storage that is absent", zip(&pickle, &[]).finish(), "storage `0` is absent"),
        ("a storage that is too long", zip(&pickle, &[("0", &[0; 28])]).finish(), "another size"),
        ("a storage that is too short", zip(&pickle, &[("0", &[0; 20])]).finish(), "another size"),
        (
            "an early storage that is too short",
            Zip::default().entry("m/data/0", &[0; 20]).entry("m/data.pkl", &pickle).finish(),
            "another size",
        ),
        (
            "bytes after the pickle",
            zip(&[pickle.clone(), vec![0]].concat(), &[("0", SIX)]).finish(),
            "another size than its content",
        ),
        (
            "a pickle that ends too soon",
            zip(&pickle[..pickle.len() - 1], &[("0", SIX)]).finish(),
            "another size than its content",
        ),
        (
            "big-endian numbers",
            Zip::default().entry("m/data.pkl", &pickle).entry("m/byteorder", b"big").finish(),
            "byte order",
        ),
        ("big-endian numbers, said by torch", byte_order(b"big").finish(), "byte order"),
        ("no end of an entry", Zip::default().described("m/x", &[7; 9000], 9001).finish(), "too soon"),
        ("a compressed entry", with_entry(&patch(8, 10, &[8])), "compressed"),
        ("an encrypted entry", with_entry(&patch(6, 8, &[1])), "encrypted"),
        ("a strongly encrypted entry", with_entry(&patch(6, 8, &[0x41])), "encrypted"),
        ("a size beyond the file", with_entry(&patch(18, 20, &[0xf0; 8])), "does not fit the file"),
        ("two sizes", with_entry(&patch(18, 20, &[1, 0, 0, 0])), "does not fit the file"),
        ("a 64-bit size of 2^63", zip64(1 << 63, 1 << 63), "does not fit the file"),
        ("64-bit sizes that differ", zip64(2, 3), "does not fit the file"),
        ("a 64-bit size that is another", zip64(3, 3), "of an unknown kind"),
        ("a wide size without its number", with_entry(&patch(18, 20, &[0xff; 8])), "does not fit the file"),
        ("a descriptor of another size", described(7), "said after it"),
        ("a name that is no UTF-8", with_entry(&|local, _| *local.last_mut().unwrap() = 0xff), "not UTF-8"),
        ("a directory with another name", with_entry(&|_, central| *central.last_mut().unwrap() = b'x'), "not so"),
        ("a directory with another size", with_entry(&|_, central| central[24] = 9), "not so"),
        ("a directory with another place", with_entry(&|_, central| central[42] ^= 1), "not so"),
        ("a directory with a compressed entry", with_entry(&|_, central| central[10] = 8), "not so"),
        ("a directory without an entry", with_entry(&|_, central| central.clear()), "does not fit its entries"),
        ("a directory with an entry twice", with_entry(&|_, central| central.extend(central.clone())), "not so"),
        ("a directory elsewhere", good().finish_with(7), "does not fit its entries"),
        ("an unknown part", [good().bytes, b"PK\x09\x09".to_vec()].concat(), "unknown kind"),
        (
            "an entry after the directory",
            {
                let zip = good();
                [zip.bytes.clone(), zip.central, zip.bytes].concat()
            },
            "after the directory",
        ),
        (
            "a storage of no known size",
            Zip::default()
                .entry_with("m/data/0", SIX, &|local, _| {
                    local[6] = 8;
                    local[18..26].fill(0)
                })
                .finish(),
            "comes before the pickle",
        ),
    ]
}

fn bad_legacy_files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let dict = state_dict(&[("a", tensor(storage("FloatStorage", "7", 6, true), 0, &[2, 3], &[3, 1]))]);
    let good = legacy(&dict, &[("7", 6, SIX)]);
    assert_eq!(read(&good, 5).unwrap(), 24);
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let view = |start, numbers| {
        let parts = [
            text("storage"),
            global("torch", "FloatStorage"),
            text("7"),
            text("cpu"),
            int(6),
            tuple(&[text("8"), int(start), int(numbers)]),
        ];
        let view = [tuple(&parts), b"Q".to_vec()].concat();
        legacy(&state_dict(&[("a", tensor(view, 0, &[2], &[1]))]), &[("7", 6, SIX)])
    };
    assert_eq!(read(&view(4, 2), 5).unwrap(), 8);
    vec![
        ("a wrong magic number", changed(12, 0), "magic number"),
        ("another version", changed(18, 0), "unknown version"),
        ("a magic number alone", MAGIC.to_vec(), "too soon"),
        (
            "a call in the machine's part",
            [MAGIC, &pickle(&int(1001)), &pickle(&call(global("os", "system"), &[text("id")]))].concat(),
            "`os.system`",
        ),
        (
            "a call in the keys",
            [&good[..good.len() - 48], &pickle(&call(global("os", "system"), &[]))].concat(),
            "`os.system`",
        ),
        ("no storage", legacy(&dict, &[]), "list of storages"),
        ("a storage of another key", legacy(&dict, &[("8", 6, SIX)]), "list of storages"),
        ("a storage twice", legacy(&dict, &[("7", 6, SIX), ("7", 6, SIX)]), "list of storages"),
        ("a storage that is said to be longer", legacy(&dict, &[("7", 7, SIX)]), "another size"),
        ("a storage of a negative size", legacy(&dict, &[("7", -1, SIX)]), "another size"),
        ("bytes after the storages", [good.as_slice(), &[0]].concat(), "longer than its storages"),
        ("half a storage", good[..good.len() - 12].to_vec(), "too soon"),
        ("a view beyond its storage", view(5, 2), "ends beyond it"),
        ("a tensor beyond its view", view(0, 1), "2 numbers of a storage of 1"),
        ("a view whose end wraps", view(i64::MAX, i64::MAX), "ends beyond it"),
    ]
}

#[test]
fn malformed_files_are_refused_by_name() {
    assert_eq!(read(&good().finish(), 7).unwrap(), 24);
    let cases = [bad_pickles(), bad_archives(), bad_legacy_files()].concat();
    assert!(cases.len() >= 100);
    let mut wrong = Vec::new();
    for (what, bytes, expected) in &cases {
        let pieces = if bytes.len() > 100_000 { vec![usize::MAX] } else { vec![1, 7, usize::MAX] };
        for piece in pieces {
            match read(bytes, piece) {
                Err(error) if error.code() == "malformed-checkpoint" && error.to_string().contains(expected) => {}
                Err(error) => wrong.push(format!("{what}: {error}")),
                Ok(_) => wrong.push(format!("{what} is read")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
