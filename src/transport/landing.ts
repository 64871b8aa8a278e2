export const contentSecurityPolicy = "default-src 'none'";
export const landingPage = (endpoint: string): string => `<p>${endpoint}</p>`;
