//! Arrays of HDF5, and so of netCDF 4, Keras and `PyTables`
//! (<https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>).

pub mod file;
pub mod objects;
pub mod types;
pub mod filters;
pub mod chunks;
pub mod arrays;
pub mod heap;
pub mod datasets;
