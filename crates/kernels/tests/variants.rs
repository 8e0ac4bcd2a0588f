//! The checks of every variant that this processor can run.

mod checks;

use checks::CHECKS;
use vitrine_kernels::portably;

#[test]
fn the_best_variant_passes() {
    for (name, check) in CHECKS {
        println!("{name}");
        check();
    }
}

#[test]
fn the_scalar_twin_passes() {
    for (name, check) in CHECKS {
        println!("{name}");
        portably(check);
    }
}

#[test]
fn variants_agree_bit_by_bit_where_they_must() {
    for (name, check) in CHECKS {
        assert_eq!(check(), portably(check), "{name}");
    }
}
