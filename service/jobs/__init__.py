"""Jobs: durable rows of the database, and the processes that do them one after the other."""
