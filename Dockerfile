# This stage has a compiler, for platforms that better-sqlite3 has no binary for.
FROM node:24-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY console/package.json console/
RUN npm ci --engine-strict
COPY tsconfig.json tsconfig.build.json ormconfig.ts schema.graphql build.mjs bundle.mjs ./
COPY console console
COPY src src
# The compiler is a dependency for those who start from source.
RUN npm run build && npm prune --omit=dev && rm -rf node_modules/typescript node_modules/@types node_modules/@latchkey

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY build.mjs ./
RUN ln -s /app/dist/src/latchkey.js /usr/local/bin/latchkey && chmod +x dist/src/latchkey.js
RUN mkdir /data && chown node:node /data
# By number, so that an orchestrator can verify that it is not root. The root file system may be read-only.
USER 1000:1000
VOLUME ["/data", "/tmp"]
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/latchkey.js", "start"]
