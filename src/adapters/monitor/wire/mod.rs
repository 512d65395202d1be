//! Speaking to Azure Resource Manager and to the query services.

pub mod pace;
pub mod way;
