/** To be imported before tests of documents, which then keep them in a store that speaks S3. */
process.env["TEST_STORAGE"] = "s3";
