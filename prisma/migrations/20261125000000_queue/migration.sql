-- CreateEnum
CREATE TYPE "MachineClass" AS ENUM ('CPU', 'GPU');

-- CreateEnum
CREATE TYPE "RunPriority" AS ENUM ('LOW', 'NORMAL', 'HIGH', 'URGENT');

-- CreateEnum
CREATE TYPE "QuotaSubject" AS ENUM ('USER', 'COURSE');

-- AlterTable
ALTER TABLE "training_runs" ADD COLUMN "machineClass" "MachineClass" NOT NULL DEFAULT 'CPU',
ADD COLUMN "priority" "RunPriority" NOT NULL DEFAULT 'NORMAL',
ADD COLUMN "releasedAt" TIMESTAMPTZ(3),
ADD COLUMN "heldReason" TEXT,
ADD COLUMN "fairStart" INTEGER,
ADD COLUMN "budgetSeconds" INTEGER,
ADD COLUMN "budgetGpuSeconds" INTEGER,
ADD COLUMN "secondsAllowed" INTEGER;

-- What asked for a GPU and has not ended waits for one from now on.
UPDATE "training_runs" SET "machineClass" = 'GPU'
WHERE "spec"->>'engine' = 'tensorflow-gpu' AND "status" IN ('QUEUED', 'PAUSED');

-- AlterTable
ALTER TABLE "worker_nodes" ADD COLUMN "classes" "MachineClass"[] DEFAULT ARRAY[]::"MachineClass"[],
ADD COLUMN "slots" INTEGER NOT NULL DEFAULT 1,
ADD COLUMN "cards" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN "memoryBytes" BIGINT,
ADD COLUMN "drainingAt" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "training_queues" (
    "machineClass" "MachineClass" NOT NULL,
    "virtualTime" INTEGER NOT NULL DEFAULT 0,
    "epoch" INTEGER NOT NULL DEFAULT 0,
    "pausedAt" TIMESTAMPTZ(3),

    CONSTRAINT "training_queues_pkey" PRIMARY KEY ("machineClass")
);

INSERT INTO "training_queues" ("machineClass") VALUES ('CPU'), ('GPU');

-- CreateTable
CREATE TABLE "quotas" (
    "subject" "QuotaSubject" NOT NULL,
    "subjectId" TEXT NOT NULL,
    "runsAtOnce" INTEGER,
    "runsWaiting" INTEGER,
    "gpuSecondsPerDay" INTEGER,

    CONSTRAINT "quotas_pkey" PRIMARY KEY ("subject","subjectId")
);

-- CreateIndex
CREATE INDEX "training_runs_machineClass_fairStart_idx" ON "training_runs"("machineClass", "fairStart");
