-- CreateEnum
CREATE TYPE "DatasetState" AS ENUM ('PENDING', 'DECODING', 'READY', 'REFUSED');

-- AlterTable
ALTER TABLE "training_runs" ADD COLUMN     "datasetId" UUID;

-- CreateTable
CREATE TABLE "datasets" (
    "id" UUID NOT NULL,
    "ownerId" UUID NOT NULL,
    "title" TEXT NOT NULL,
    "size" INTEGER,
    "state" "DatasetState" NOT NULL DEFAULT 'PENDING',
    "reason" TEXT,
    "bytes" INTEGER NOT NULL,
    "receivedAt" TIMESTAMPTZ(3),
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "heartbeatAt" TIMESTAMPTZ(3),
    "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "inputShape" INTEGER[],
    "classNames" TEXT[],
    "trainingCounts" INTEGER[],
    "testCounts" INTEGER[],
    "split" TEXT,
    "checksum" TEXT,
    "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "datasets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "datasets_ownerId_id_idx" ON "datasets"("ownerId", "id");

-- CreateIndex
CREATE INDEX "datasets_state_id_idx" ON "datasets"("state", "id");

-- CreateIndex
CREATE INDEX "training_runs_datasetId_idx" ON "training_runs"("datasetId");

-- AddForeignKey
ALTER TABLE "training_runs" ADD CONSTRAINT "training_runs_datasetId_fkey" FOREIGN KEY ("datasetId") REFERENCES "datasets"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "datasets" ADD CONSTRAINT "datasets_ownerId_fkey" FOREIGN KEY ("ownerId") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
