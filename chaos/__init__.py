"""What the client library makes of answers that no decent server would give (`make chaos`)."""
