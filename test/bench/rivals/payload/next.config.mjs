import { withPayload } from "@payloadcms/next/withPayload";

export default withPayload({ compress: false, poweredByHeader: false, outputFileTracingRoot: import.meta.dirname });
