/** Imported before other tests to run them on S3 storage, which is slower. */
process.env["TEST_STORAGE"] = "s3";
jest.setTimeout(90_000);
