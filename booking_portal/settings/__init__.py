"""Settings, one module for each environment: demo, test and production build on base."""
