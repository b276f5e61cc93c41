//! The outcome of evaluating a flag, by indexes into the flags that were evaluated.

/// A flag, the segment that decided, and the variant. [`Flags::key_of`] and [`Flags::variant_of`] look them up.
///
/// [`Flags::key_of`]: super::Flags::key_of
/// [`Flags::variant_of`]: super::Flags::variant_of
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    pub(crate) flag: u32,
    pub(crate) segment: u32,
    pub(crate) variant: u32,
}
