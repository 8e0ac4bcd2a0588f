//! The checks and timings of the kernels for a browser.
