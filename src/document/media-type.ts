export const supportedMediaTypes = ["text/plain"];
