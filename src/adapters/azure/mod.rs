//! Azure Blob Storage, spoken through Microsoft's `azure_storage_blob` and `azure_core`.
