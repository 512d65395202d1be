-- Of thousands that wait about people, those about things are found without looking at each.
CREATE INDEX requests_of_things ON requests (state, due)
    WHERE kind IN ('export', 'delete', 'unregister', 'archive');
