-- The request id that a refused message named, for whoever asks what became of it.
ALTER TABLE requests ADD COLUMN claimed TEXT;
CREATE INDEX requests_by_claim ON requests (claimed) WHERE claimed IS NOT NULL;
