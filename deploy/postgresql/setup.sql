-- Once, as the database's superuser: psql -v password="$(cat /etc/svar/secrets/postgres_password)" -f setup.sql
-- svar owns its tables and makes them itself; whoever reads reports gets a user that reads.
CREATE ROLE svar LOGIN PASSWORD :'password';
CREATE DATABASE svar OWNER svar ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0;
\connect svar
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO svar;
CREATE ROLE svar_reads NOLOGIN;
GRANT USAGE ON SCHEMA public TO svar_reads;
ALTER DEFAULT PRIVILEGES FOR ROLE svar IN SCHEMA public GRANT SELECT ON TABLES TO svar_reads;
