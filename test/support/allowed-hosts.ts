/** The environment that allows hosts off the public network as models, as tool servers and as receivers of callbacks. */
export const allowHosts = (hosts: string) => ({
  MODEL_ALLOWED_HOSTS: hosts,
  TOOL_ALLOWED_HOSTS: hosts,
  CALLBACK_ALLOWED_HOSTS: hosts,
});
