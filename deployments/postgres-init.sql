-- Postgres's image runs this once, in the database of the jobs table.
CREATE DATABASE prefect;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
\connect prefect
CREATE EXTENSION IF NOT EXISTS pg_trgm;
